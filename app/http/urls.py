"""URLs as browsers read them: the one reader of targets, of our own hosts and of referrers.

Sources: the URL standard (https://url.spec.whatwg.org/), with UTS #46 for international hosts, as
`ada <https://github.com/ada-url/ada>`_ implements them.
"""

import re
from dataclasses import dataclass
from unicodedata import bidirectional
from urllib.parse import quote

from app.http.addresses import Address, parse_address

DEFAULT_PORTS = {"http": 80, "https": 443}

#: Invisible characters that come along when a URL is copied from a page or a chat; browsers strip
#: spaces and controls at both ends, and no URL that was meant to be one ends in any of these.
_AROUND = "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff"
_BREAKS = re.compile(r"[\t\n\r]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_QUOTED = re.compile(r"\W+https?:", re.IGNORECASE)
_AUTHORITY = re.compile(r"[/\\]*([^/\\?#]*)")
_PORT = re.compile(r":([^:\]]*)$")
#: What may be repeated of a port and of a host: no password that is worth its name is so short,
#: and one in front of a host has a colon before it.
_NUMBER = re.compile(r"[0-9]{1,5}")
_NAME = re.compile(r"[^:@\[\]]*|\[[0-9A-Fa-f:.]*\]?")
_LABEL = re.compile(r"[a-z0-9_-]{1,63}")
#: What RFC 3986 allows after the host, and [ and ] which every browser leaves alone there. The URL
#: standard lets some characters more stand, which no Location header may hold (RFC 9110 §10.2.2).
_KEPT = "!#$%&'()*+,-./:;=?@[]_~"


class InvalidUrl(Exception):
    """A text that is no URL of a host.

    Attributes:
        reason: a short, stable name for programs, e.g. ``bad_host``.
        detail: what is wrong with it and what would do, for a person.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Url:
    """A URL in its one normal form.

    Attributes:
        href: all of it, in printable ASCII.
        scheme: in small letters.
        host: in small letters and ASCII; an IPv6 address in brackets.
        port: the scheme's own when none is written.
        has_user: whether a user, with or without a password, stands before the host.
    """

    href: str
    scheme: str
    host: str
    port: int
    has_user: bool


def read_url(text: str) -> Url:
    """Return an absolute http or https URL as browsers read it.

    Raises:
        InvalidUrl: with reason ``not_text``, ``relative``, ``scheme``, ``no_host``, ``bad_port``
            or ``bad_host``.
    """
    plain = trim(text)
    scheme, authority = _parts(plain)
    # Imported here, because the redirect and the consumers know this file and read few URLs.
    from ada_url import URL  # noqa: PLC0415

    try:
        read = URL(plain)
    except UnicodeEncodeError:
        raise InvalidUrl("not_text", "it is not valid UTF-8") from None
    except ValueError:
        raise _fault(scheme, authority) from None
    if read.port == "0":
        raise InvalidUrl("bad_port", "'0' is no port from 1 to 65535")
    host = _checked_host(read.hostname, authority)
    port = int(read.port) if read.port else DEFAULT_PORTS[scheme]
    return Url(quote(read.href, safe=_KEPT), scheme, host, port, has_user="@" in authority)


def trim(text: str) -> str:
    """Return a URL without what is left of copying it: blanks around it, line breaks in it."""
    previous = None
    while text != previous:
        previous, text = text, text.strip().strip(_AROUND)
    return _BREAKS.sub("", text)


def read_host(text: str) -> tuple[str, int | None]:
    """Return the host and the port of ``host`` or ``host:port``, None where no port is written.

    Raises:
        InvalidUrl: as :func:`read_url`.
    """
    bare = text.count(":") > 1 and not text.startswith("[")
    authority = f"[{text}]" if bare else text
    if re.search(r"[/\\?#@\s]", authority):
        raise InvalidUrl("bad_host", "it is no host: expected HOST or HOST:PORT")
    read = read_url(f"http://{authority}/")
    return read.host, read.port if _PORT.search(authority) else None


def canonical(host: str) -> str:
    """Return one spelling for all names of a host; this machine's loopback names are one host."""
    name = host.strip("[]").removesuffix(".")
    address = address_of(name)
    loopback = address.is_loopback or address.is_unspecified if address else name == "localhost"
    return "localhost" if loopback else str(address or name)


def address_of(host: str) -> Address | None:
    """Return the address that a host is written as, an IPv4 one for one mapped into IPv6."""
    return parse_address(host.strip("[]").removesuffix("."))


def _parts(plain: str) -> tuple[str, str]:
    """Return the scheme and what stands where host and port are expected."""
    found = _SCHEME.match(plain)
    if found is None and _QUOTED.match(plain):
        raise InvalidUrl("relative", f"it begins with {plain[0]}: take off what stands around it")
    if found is None or (found[1].lower() not in DEFAULT_PORTS and _looks_like_host(plain, found)):
        raise InvalidUrl("relative", "it is not absolute: start with https:// or http://")
    scheme = found[1].lower()
    if scheme not in DEFAULT_PORTS:
        raise InvalidUrl("scheme", f"its scheme is {found[1]}: only http and https will do")
    authority = _AUTHORITY.match(plain, found.end())
    return scheme, authority[1] if authority else ""


def _looks_like_host(plain: str, scheme: re.Match[str]) -> bool:
    """Tell example.com:8080/path from a scheme: what follows the colon is a port."""
    return bool(re.match(r"[0-9]{1,5}(?![^/?#])", plain[scheme.end() :], re.ASCII))


def _fault(scheme: str, authority: str) -> InvalidUrl:
    """Say what a browser's reader, which only says no, did not like."""
    place = authority.rpartition("@")[2]
    has_port = place.count(":") == 1 or "]" in place
    port = _PORT.search(place) if has_port else None
    host = place[: port.start()] if port else place
    if not host:
        return InvalidUrl("no_host", f"it names no host: write {scheme}://host/…")
    if port and port[1] and not _is_port(port[1]):
        return InvalidUrl(
            "bad_port", f"{_shown(port[1], _NUMBER, 'port')} is no port from 1 to 65535"
        )
    return InvalidUrl("bad_host", f"{_shown(host, _NAME, 'host')} is no host")


def _shown(text: str, harmless: re.Pattern[str], what: str) -> str:
    """Return how a complaint calls a part of a URL, which may be one of a password.

    A #, ? or / ends what can be a password, so that its start stands where host and port do.
    """
    return repr(text) if harmless.fullmatch(text) else f"what stands where its {what} should"


def _is_port(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9]+", text, re.ASCII)) and 0 < int(text[-9:]) < 65536


def _checked_host(host: str, authority: str) -> str:
    """Return a host that names can be looked up for (RFC 1035 §2.3.4) or that is an address."""
    if host.startswith("["):
        return host
    labels = host.removesuffix(".").split(".")
    if not all(map(_LABEL.fullmatch, labels)) or len(host) > 253 or not _runs_one_way(labels):
        shown = _shown(authority.rpartition("@")[2], _NAME, "host")
        raise InvalidUrl("bad_host", f"{shown} is no host name")
    return host


def _runs_one_way(labels: list[str]) -> bool:
    """Tell whether a name with a label from right to left keeps the Bidi rule (RFC 5893 §2).

    Browsers open no other: its labels would be shown in another order than they are written.
    """
    if not any(label.startswith("xn--") for label in labels):
        return True
    import idna  # noqa: PLC0415 - as above

    texts = [_text_of(label) for label in labels]
    if not any(bidirectional(one) in ("R", "AL", "AN") for text in texts for one in text):
        return True
    try:
        return all(idna.check_bidi(text, check_ltr=True) for text in texts)
    except idna.IDNABidiError:
        return False


def _text_of(label: str) -> str:
    """Return what a label shows; browsers show one that can't be decoded as it is written."""
    try:
        return label[4:].encode().decode("punycode") if label.startswith("xn--") else label
    except UnicodeError:
        return label
