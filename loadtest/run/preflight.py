"""Check that Hopline is there with the test's links, before the first visit, by HEAD: no click."""

import http.client
import re
from urllib.parse import urlsplit

from loadtest.scenario.ask import Ask
from loadtest.scenario.links import Catalogue

_TIMEOUT_SECONDS = 10


def complaint(host: str | None, catalogue: Catalogue) -> str:
    """Return why a run at a host would tell nothing, or an empty text."""
    if not host:
        return "no --host: say which Hopline is to be tested"
    if shown_host(host) != host:
        return "--host can't hold a user or a password"
    for ask in _asks(catalogue):
        try:
            status, location = _answer(host, ask)
        except (OSError, ValueError, http.client.HTTPException) as error:
            return f"{host} doesn't answer ({error or type(error).__name__}): is --host right?"
        if fault := ask.fault(status, location):
            return (
                f"{host} answers {ask.method} {ask.path} with {fault}: are the links made,"
                " with the same --links-prefix, --hot-links and --tail-links?"
            )
    return ""


def shown_host(host: str) -> str:
    """Return a host's URL as it may be told: without a user and a password, whatever is wrong."""
    return re.sub(r"\A(\w+://)?.*@", r"\1***@", host, flags=re.DOTALL)


def _asks(catalogue: Catalogue) -> list[Ask]:
    """Return one request for each kind of link: for the last, as those are missing first."""
    kinds = (catalogue.hot(), catalogue.tail(), catalogue.new(0))
    codes = [catalogue.viral(), *(codes[-1] for codes in kinds if codes)]
    redirects = [Ask(code, code, {}, method="HEAD") for code in codes]
    gone = catalogue.expired()[-1]
    return [*redirects, Ask(gone, gone, {}, method="HEAD", statuses=(410,))]


def _answer(host: str, ask: Ask) -> tuple[int, str | None]:
    parts = urlsplit(host)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("no http:// or https:// URL")
    is_secure = parts.scheme == "https"
    make = http.client.HTTPSConnection if is_secure else http.client.HTTPConnection
    connection = make(parts.netloc, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request(ask.method, parts.path.rstrip("/") + ask.path)
        answer = connection.getresponse()
        return answer.status, answer.getheader("location")
    finally:
        connection.close()
