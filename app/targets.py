"""Targets: which URLs a link may lead to.

Rule: what is accepted goes into a Location header as it is, so it is printable ASCII and absolute.
A URL that is already sound keeps every byte; the rest is written as browsers would send it.
"""

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import quote

import idna

#: RFC 9110 §4.1 asks everyone to support URIs of 8000 octets; request lines and headers of most
#: servers, and a field of our stream, end soon after (8190 and 8192).
MAX_BYTES = 8000
_DEFAULT_PORTS = {"http": 80, "https": 443}

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_AUTHORITY = re.compile(r"(?P<host>\[[^\]]*\]|[^:\[\]]*)(?::(?P<port>.*))?", re.DOTALL)
_LABEL = re.compile(r"[A-Za-z0-9_-]{1,63}")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
#: What RFC 3986 allows after the host, and [ and ] which every browser leaves alone there.
_KEPT = "!#$%&'()*+,-./:;=?@[]_~"
_PRIVATE_SUFFIXES = ("localhost", "local", "internal", "lan", "home.arpa")


class InvalidTarget(Exception):
    """A URL that no link may lead to.

    Attributes:
        reason: a short, stable name for programs, e.g. ``scheme``.
        detail: what is wrong with it and what would do, for a person.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def check_target(url: str, own_hosts: Iterable[str], *, allow_private: bool = True) -> str:
    """Return the URL as an absolute http(s) URL in printable ASCII.

    Args:
        url: what a person or a program gave.
        own_hosts: ``host`` or ``host:port``, each serving our links; a link to one of them would
            lead in a circle. A host alone stands for all its ports.
        allow_private: whether addresses of private networks will do.

    Raises:
        InvalidTarget: when no visitor should be sent there.
    """
    scheme, authority, rest = _split(_plain(url))
    host, port = _split_authority(authority)
    host = _ascii_host(host)
    _refuse_own(host, port or _DEFAULT_PORTS[scheme.lower()], own_hosts)
    if not allow_private and _is_private(host):
        raise InvalidTarget("private", f"{host} is in a private network")
    colon_port = authority[authority.rindex(":") :] if port is not None else ""
    sound = f"{scheme}://{host}{colon_port}{quote(rest, safe=_KEPT)}"
    _refuse_long(sound)
    return sound


def _plain(url: str) -> str:
    """Return the URL without spaces around it, once it is known to be text of a sane length."""
    _refuse_long(url)
    if _CONTROL.search(url):
        raise InvalidTarget("control_character", "it contains a line break or control character")
    if _SURROGATE.search(url):
        raise InvalidTarget("not_text", "it is not valid UTF-8")
    return url.strip()


def _refuse_long(url: str) -> None:
    if len(url) > MAX_BYTES:
        raise InvalidTarget("too_long", f"it has {len(url)} bytes, at most {MAX_BYTES} will do")


def _split(url: str) -> tuple[str, str, str]:
    """Return scheme, authority, and all that follows."""
    found = _SCHEME.match(url)
    if found is None:
        raise InvalidTarget("relative", "it is not absolute: start with https:// or http://")
    scheme = found[1]
    if scheme.lower() not in _DEFAULT_PORTS:
        raise InvalidTarget("scheme", f"its scheme is {scheme}: only http and https will do")
    if not url.startswith("//", found.end()):
        raise InvalidTarget("no_host", f"it names no host: write {scheme}://host/…")
    authority, rest = _cut(url[found.end() + 2 :])
    return scheme, authority, rest


def _cut(text: str) -> tuple[str, str]:
    end = re.search(r"[/?#]", text)
    return (text[: end.start()], text[end.start() :]) if end else (text, "")


def _split_authority(authority: str) -> tuple[str, int | None]:
    if "@" in authority:
        raise InvalidTarget(
            "userinfo",
            "it has a user before the host, which makes bank.example@evil.example look like a bank",
        )
    found = _AUTHORITY.fullmatch(authority)
    if found is None:
        raise InvalidTarget("bad_host", f"{authority!r} is no host")
    if not found["host"]:
        raise InvalidTarget("no_host", "it names no host")
    return found["host"], _port(found["port"])


def _port(text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,5}", text, re.ASCII) or not 0 < int(text) < 65536:
        raise InvalidTarget("bad_port", f"{text!r} is no port from 1 to 65535")
    return int(text)


def _ascii_host(host: str) -> str:
    """Return the host in ASCII, its letters' case as given.

    International names become their xn-- form (RFC 5891, mapped as UTS #46 does). A name that ends
    in a number must be a plain IPv4 address, because browsers read 2130706433 and 0x7f.1 as one.
    """
    if host.startswith("["):
        return _checked_address(host, ipaddress.IPv6Address, host[1:-1])
    name = host if host.isascii() else _idna(host)
    labels = name.removesuffix(".").split(".")
    if not all(_LABEL.fullmatch(label) for label in labels) or len(name) > 253:
        raise InvalidTarget("bad_host", f"{host!r} is no host name")
    if _NUMBER.fullmatch(labels[-1]):
        return _checked_address(name, ipaddress.IPv4Address, name.removesuffix("."))
    return name


def _checked_address(
    host: str, kind: type[ipaddress.IPv4Address | ipaddress.IPv6Address], text: str
) -> str:
    try:
        if "%" in text:
            raise ValueError("a zone means nothing on another machine")
        kind(text)
    except ValueError:
        raise InvalidTarget("bad_host", f"{host!r} is no IP address") from None
    return host


def _idna(host: str) -> str:
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise InvalidTarget(
            "bad_host", f"{host!r} is no international host name: {error}"
        ) from None


def _refuse_own(host: str, port: int, own_hosts: Iterable[str]) -> None:
    canonical = _canonical(host)
    for own in own_hosts:
        own_host, own_port = _own(own)
        if canonical == own_host and own_port in (None, port):
            raise InvalidTarget("loop", f"{host} serves our links, so it would lead in a circle")


def _own(text: str) -> tuple[str, int | None]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or _address(text):
        return _canonical(text), None
    return _canonical(host), int(port)


def _canonical(host: str) -> str:
    """Return one spelling for all names of a host; this machine's loopback names are one host."""
    name = host.strip("[]").removesuffix(".").lower()
    if not name.isascii():
        name = _idna(name)
    address = _address(name)
    loopback = address.is_loopback or address.is_unspecified if address else name == "localhost"
    return "localhost" if loopback else str(address or name)


def _is_private(host: str) -> bool:
    name = _canonical(host)
    address = _address(name)
    if address is None:
        return name.endswith(tuple(f".{suffix}" for suffix in _PRIVATE_SUFFIXES)) or "." not in name
    return not address.is_global


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
