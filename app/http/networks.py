"""Networks that an operator lists, e.g. their own."""

import ipaddress
from collections.abc import Sequence

from app.http.addresses import network_bits, parse_address

#: Bits before an IPv4 address that is mapped into IPv6 (RFC 4291 §2.5.5.2).
_MAPPED_BITS = 96

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def read_network(text: str) -> Network:
    """Return the network of a text, an IPv4 one for one mapped into IPv6.

    Raises:
        ValueError: it is none.
    """
    network = ipaddress.ip_network(text, strict=False)
    if isinstance(network, ipaddress.IPv6Network) and network.prefixlen >= _MAPPED_BITS:
        first = network.network_address.ipv4_mapped
        if first is not None:
            return ipaddress.IPv4Network((first, network.prefixlen - _MAPPED_BITS))
    return network


class Networks:
    """Networks of both families, which are asked for addresses."""

    def __init__(self, networks: Sequence[str]) -> None:
        self._all = [read_network(text) for text in networks]
        self._wide = [each for each in self._all if each.prefixlen <= network_bits(each.version)]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._all)

    def have(self, text: str) -> bool:
        """Tell whether an address is in one of them; whatever is no address isn't."""
        return _is_in(text, self._all)

    def have_network_of(self, text: str) -> bool:
        """Tell whether the whole network of an address, its /24 or /48, is in one of them."""
        return _is_in(text, self._wide)

    def touch_network_of(self, text: str) -> bool:
        """Tell whether one of them has any address of the network of one, its /24 or /48."""
        address = parse_address(text) if self._all else None
        if address is None:
            return False
        network = read_network(f"{address}/{network_bits(address.version)}")
        return any(
            network.subnet_of(each) or each.subnet_of(network)  # type: ignore[arg-type]
            for each in self._all
            if each.version == network.version
        )


def _is_in(text: str, networks: Sequence[Network]) -> bool:
    address = parse_address(text) if networks else None
    return address is not None and any(address in network for network in networks)
