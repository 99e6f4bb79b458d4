"""Parsers that read the host that a visitor came from, and the one that they asked."""

import re

from app.http.urls import InvalidUrl, read_url

#: What apps send through Chrome's custom tabs; the host is the package.
_APP = re.compile(r"android-app://([\w.]{1,253})(?![^/?#])", re.ASCII)
#: Of a name (RFC 1035 §2.3.4).
_LONGEST_NAME = 253
#: Hosts that browsers leave as they are: nearly all, and read in a tenth of the time.
_PLAIN = re.compile(r"https?://((?:[a-z0-9-]{1,63}\.)+[a-z]{2,63})(?=[/?#]|\Z)")
#: A host without a scheme, as proxies write it: a name with a dot that ends in letters.
_BARE = re.compile(r"(?://)?([^\s/:?#@\\]+\.[^\W\d_]{2,63}(?::[0-9]{1,5})?)(?=[/?#]|\Z)")


def referrer_host(referrer: str) -> str:
    """Return the host that the visitor came from, without ``www.``; '' if there is none.

    It is spelled as browsers ask for it, in small letters and ASCII: ``xn--bcher-kva.example`` for
    ``bücher.example`` and for itself, and IPv6 addresses in their shortest form. So a site is one
    row however it was written, and two that only look alike are two.

    One of our own hosts is a host like any other: reports may tell it apart, for they can be
    asked again when the hosts change.
    """
    text = referrer.strip()
    plain = _PLAIN.match(text)
    if plain and "xn--" not in plain[1] and len(plain[1]) <= _LONGEST_NAME:
        return plain[1].removeprefix("www.")
    if app := _APP.match(text):
        return app[1]
    if bare := _BARE.match(text):
        text = f"http://{bare[1]}/"
    try:
        return read_url(text).host.strip("[]").rstrip(".").removeprefix("www.")
    except InvalidUrl:
        return ""


def own_host(host: str) -> str:
    """Return the host under which the visitor found us, as one spelling."""
    return host.lower().rstrip(".")
