"""Addresses as proxies, programs and people write them: the one reader of redirect and workers."""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: Characters of an address in quotes and brackets with its zone and port, generously.
LONGEST = 100
#: Longest prefix, in bits, of a visitor's address that is no person's, by the version of IP.
_NETWORK_BITS = {4: 24, 6: 48}


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
