"""Parsers that read the host that a visitor came from, and the one that they asked."""

import re

from app.urls import InvalidUrl, read_url

#: What apps send through Chrome's custom tabs; the host is the package.
_APP = re.compile(r"android-app://([\w.]{1,253})(?![^/?#])", re.ASCII)


def referrer_host(referrer: str) -> str:
    """Return the host that the visitor came from, without ``www.``; '' if there is none.

    One of our own hosts is a host like any other: reports may tell it apart, for they can be
    asked again when the hosts change.
    """
    text = referrer.strip()
    if app := _APP.match(text):
        return app[1]
    try:
        return read_url(text).host.strip("[]").rstrip(".").removeprefix("www.")
    except InvalidUrl:
        return ""


def own_host(host: str) -> str:
    """Return the host under which the visitor found us, as one spelling."""
    return host.lower().rstrip(".")
