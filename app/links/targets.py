"""Targets: which URLs a link may lead to.

Rule: what is accepted goes into a Location header as it is, so it is absolute, printable ASCII and
in its one normal form, the one in which browsers would send it (:mod:`app.http.urls`).
"""

import re
from collections.abc import Iterable

from app.http.addresses import is_public
from app.http.urls import InvalidUrl, Url, address_of, canonical, read_host, read_url, trim

#: RFC 9110 §4.1 asks everyone to support URIs of 8000 octets; request lines and headers of most
#: servers, and a field of our stream, end soon after (8190 and 8192).
MAX_BYTES = 8000

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_PRIVATE_SUFFIXES = ("localhost", "local", "internal", "lan", "home.arpa")


def check_target(url: str, own_hosts: Iterable[str], *, allow_private: bool = True) -> str:
    """Return the URL in its normal form.

    Args:
        url: what a person or a program gave.
        own_hosts: ``host`` or ``host:port``, each serving our links; a link to one of them would
            lead in a circle. A host alone stands for all its ports.
        allow_private: whether addresses of private networks will do.

    Raises:
        InvalidUrl: when no visitor should be sent there.
    """
    _refuse_long(url)
    if _CONTROL.search(trim(url)):
        raise InvalidUrl("control_character", "it contains a control character")
    read = read_url(url)
    if read.has_user:
        raise InvalidUrl(
            "userinfo",
            "it has a user before the host, which makes bank.example@evil.example look like a bank",
        )
    _refuse_long(read.href)
    _refuse_own(read, own_hosts)
    if not allow_private and _is_private(read.host):
        raise InvalidUrl("private", f"{read.host} is in a private network")
    return read.href


def is_same(target: str, other: str) -> bool:
    """Tell whether two targets lead to the same place, one of them perhaps not in normal form."""
    if target == other:
        return True
    try:
        return read_url(target).href == read_url(other).href
    except InvalidUrl:
        return False


def _refuse_long(url: str) -> None:
    if len(url) > MAX_BYTES:
        raise InvalidUrl("too_long", f"it has {len(url)} bytes, at most {MAX_BYTES} will do")


def _refuse_own(target: Url, own_hosts: Iterable[str]) -> None:
    host = canonical(target.host)
    for own in own_hosts:
        own_host, own_port = read_host(own)
        if host == canonical(own_host) and own_port in (None, target.port):
            raise InvalidUrl(
                "loop", f"{target.host} serves our links, so it would lead in a circle"
            )


def _is_private(host: str) -> bool:
    address = address_of(host)
    if address is not None:
        return not is_public(address)
    name = canonical(host)
    return name.endswith(tuple(f".{suffix}" for suffix in _PRIVATE_SUFFIXES)) or "." not in name
