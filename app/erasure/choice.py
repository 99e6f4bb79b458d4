"""Rules that choose the clicks to erase, and recognise their entries, without any I/O."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

from app.audit.click_ref import ClickRef
from app.audit.in_flight import click_ref_of
from app.http.addresses import Address, network_of, read_address

_MAPPED = int(ipaddress.IPv6Address("::ffff:0:0"))
_END_MS = 1 << 52


class Span(NamedTuple):
    """Addresses from one to another, both included; IPv4 mapped into IPv6 (RFC 4291 §2.5.5.2)."""

    low: ipaddress.IPv6Address
    high: ipaddress.IPv6Address

    @classmethod
    def of(cls, text: str) -> "Span":
        """Read an address or a network.

        Raises:
            ValueError: it is neither.
        """
        network = ipaddress.ip_network(text.strip(), strict=False)
        low, high = int(network.network_address), int(network.broadcast_address)
        start = _MAPPED if network.version == 4 else 0
        return cls(ipaddress.IPv6Address(start + low), ipaddress.IPv6Address(start + high))

    def holds(self, text: str) -> bool:
        """Tell whether an address is among these, as a worker reads it; what is none never is."""
        address = read_address(text)
        return address is not None and self.low <= _in_ipv6(address) <= self.high

    def without_cut(self) -> Self:
        """Return these addresses without one that stands for others, too, where it is stored.

        A network is stored as its first address. Whoever is in a part of it can't be told from
        their neighbours.
        """
        first = self.low.ipv4_mapped or self.low
        network = Span.of(network_of(str(first)))
        if self.low != network.low or self.high >= network.high:
            return self
        return self._replace(low=self.low + 1)


@dataclass(frozen=True, slots=True)
class Choice:
    """The clicks of a link, of a visitor, or of an address, of some time.

    Attributes:
        visitor: an id as it is stored; an entry doesn't carry it.
        since_ms: Unix milliseconds of the first click's time; the last one's lies before
            ``until_ms``.
    """

    code: str | None = None
    visitor: int | None = None
    addresses: Span | None = None
    since_ms: int = 0
    until_ms: int = _END_MS

    def as_stored(self) -> Self:
        """Return the choice for rows of which networks are stored."""
        if self.addresses is None:
            return self
        return replace(self, addresses=self.addresses.without_cut())

    def has(self, click: "Found") -> bool:
        """Tell whether what an entry carries makes it one of the clicks."""
        if not self.since_ms <= click.click_ref.time_ms < self.until_ms:
            return False
        if self.addresses is not None:
            return self.addresses.holds(click.address)
        return self.code is not None and click.code == self.code


class Found(NamedTuple):
    """What tells a click in a stream, among the dead letters or in a spool from others."""

    click_ref: ClickRef
    code: str
    address: str


def read_entry(entry_id: bytes, flat: Sequence[bytes]) -> Found:
    """Return what an entry carries; one that is no click has its fields all the same.

    Args:
        flat: names and values in turn.
    """
    fields = dict(zip(flat[::2], flat[1::2], strict=True))
    code = fields.get(b"short_code", b"").decode(errors="replace")
    address = fields.get(b"ip", b"").decode(errors="replace")
    return Found(click_ref_of(entry_id, flat), code, address)


def _in_ipv6(address: Address) -> ipaddress.IPv6Address:
    is_ipv4 = isinstance(address, ipaddress.IPv4Address)
    return ipaddress.IPv6Address(int(address) + (_MAPPED if is_ipv4 else 0))
