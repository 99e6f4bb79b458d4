"""Addresses as proxies, programs and people write them: the one reader of redirect and workers."""

import ipaddress
from collections.abc import Iterator

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: Characters of an address in quotes and brackets with its zone and port, generously.
LONGEST = 100
#: Longest prefix, in bits, of a visitor's address that is no person's, by the version of IP.
_NETWORK_BITS = {4: 24, 6: 48}
#: IPv6 addresses behind which a translator reaches IPv4 ones (RFC 6052 §2.1).
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
#: Networks that some versions of Python call global and others private: private for all of them.
_DISPUTED = tuple(
    map(ipaddress.ip_network, ("192.0.0.0/24", "64:ff9b:1::/48", "2001::/23", "2002::/16"))
)


def read_address(text: str) -> Address | None:
    """Return the address that a text names, an IPv4 one for one mapped into IPv6; None for none.

    Quotes, brackets, port and zone may stand around it, as in X-Forwarded-For and Forwarded
    (RFC 7239 §6).
    """
    plain = text.strip().strip('"').strip()
    if len(plain) > LONGEST:
        return None
    if plain.startswith("["):
        plain = plain[1:].partition("]")[0]
    elif plain.count(":") == 1:
        plain = plain.partition(":")[0]
    return parse_address(plain.partition("%")[0])


def parse_address(text: str) -> Address | None:
    """Return the address that a text is, an IPv4 one for one mapped into IPv6; None for none."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def network_bits(version: int) -> int:
    """Return the longest prefix of an address that is no person's, by the version of IP."""
    return _NETWORK_BITS[version]


def network_of(text: str) -> str:
    """Return the /24 of an IPv4 address or the /48 of an IPv6 one, '' of whatever is neither."""
    address = read_address(text)
    if address is None:
        return ""
    return str(ipaddress.ip_network((address, _NETWORK_BITS[address.version]), strict=False))


def is_public(address: Address) -> bool:
    """Tell whether an address is one of the internet, and leads to no other by a detour."""
    return all(map(_is_global, (address, *_embedded(address))))


def _is_global(address: Address) -> bool:
    return address.is_global and not any(address in network for network in _DISPUTED)


def _embedded(address: Address) -> Iterator[Address]:
    """Yield the IPv4 address that an IPv6 one leads to through a tunnel or a translator."""
    if isinstance(address, ipaddress.IPv4Address):
        return
    if address.sixtofour is not None:
        yield address.sixtofour
    if address in _NAT64:
        yield ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
