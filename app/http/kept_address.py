"""Parser that reads a visitor's address as 16 bytes, and keeps as much of it as is wanted.

An IPv4 address is mapped into IPv6 (RFC 4291 §2.5.5.2), so that one column holds both.
"""

import socket
from typing import Literal

from app.http.addresses import read_address

Kept = Literal["network", "full", "none"]

UNKNOWN = bytes(16)
_MAPPED = bytes(10) + b"\xff\xff"
_NAT64 = (bytes.fromhex("0064ff9b") + bytes(8), bytes.fromhex("0064ff9b0001"))
#: Prefixes of IPv6 addresses that are made of an IPv4 address, and where in them it begins: 6to4
#: (RFC 3056 §2), and NAT64 with the well-known and a local prefix (RFC 6052 §2.2, RFC 8215 §5).
_MADE_OF_IPV4 = (
    (bytes.fromhex("2002"), 2),
    *((prefix, 12) for prefix in _NAT64),
)
#: Teredo (RFC 4380 §4): the client's IPv4 address comes last, with each bit the other way round.
_TEREDO = bytes.fromhex("20010000")
_MADE = (_TEREDO, *(prefix for prefix, _ in _MADE_OF_IPV4))


def parse_address(text: str) -> bytes:
    """Return the address in 16 bytes; :data:`UNKNOWN` for whatever is none."""
    text = text.strip()
    try:
        if ":" in text:
            return socket.inet_pton(socket.AF_INET6, text)
        return _MAPPED + socket.inet_pton(socket.AF_INET, text)
    except (OSError, ValueError):
        return _parse_written(text)


def kept(address: bytes, what: Kept) -> bytes:
    """Return what is stored of an address: its /24 or /48, all of it, or nothing."""
    if what == "full":
        return address
    if what == "none":
        return UNKNOWN
    return _cut(address, 3, 6)


def household(address: bytes) -> bytes:
    """Return the part that a visitor keeps for a day: all of an IPv4 address, a /64 of IPv6.

    The rest of an IPv6 address changes within the day (RFC 8981). Behind the prefix of a NAT64 is
    everybody who has IPv4.
    """
    if address.startswith(_NAT64):
        return origin(address)
    return address if address.startswith(_MAPPED) else _cut(address, 4, 8)


def origin(address: bytes) -> bytes:
    """Return the address that tells where a visitor is: the IPv4 one that an IPv6 one is made of.

    Tunnels and translators have prefixes of no country.
    """
    if not address.startswith(_MADE):
        return address
    if address.startswith(_TEREDO):
        return _MAPPED + bytes(byte ^ 0xFF for byte in address[12:])
    for prefix, start in _MADE_OF_IPV4:
        if address.startswith(prefix):
            return _MAPPED + address[start : start + 4]
    return address


def as_text(address: bytes) -> str:
    """Return an address in 16 bytes as text, an IPv4 address as such."""
    if address.startswith(_MAPPED):
        return socket.inet_ntop(socket.AF_INET, address[12:])
    return socket.inet_ntop(socket.AF_INET6, address)


def _parse_written(text: str) -> bytes:
    """Return an address that has more around it, which isn't stored: a port, brackets, a zone."""
    address = read_address(text)
    if address is None:
        return UNKNOWN
    return address.packed if address.version == 6 else _MAPPED + address.packed


def _cut(address: bytes, ipv4_bytes: int, ipv6_bytes: int) -> bytes:
    length = 12 + ipv4_bytes if address.startswith(_MAPPED) else ipv6_bytes
    return address[:length].ljust(16, b"\0")
