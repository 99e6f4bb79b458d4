"""Step that names the kinds of network which an address is in."""

from app.http.networks import Networks
from app.verdicts.visit import OWN
from workers.enrich.address import UNKNOWN, as_text, kept

_NONE: tuple[str, ...] = ()
_OWN = (OWN,)


class NetworkKinds:
    """Names the kinds of network of a visitor's address."""

    def __init__(self, own: Networks) -> None:
        self._own = own

    def of(self, address: bytes) -> tuple[str, ...]:
        """Return the kinds of the networks that an address in 16 bytes is in."""
        return _OWN if address != UNKNOWN and self._own.have(as_text(address)) else _NONE


class StoredNetworkKinds(NetworkKinds):
    """Names them for addresses as they are stored, which may be those of a network only."""

    def of(self, address: bytes) -> tuple[str, ...]:
        """Return the kinds of the networks that all of what is stored is in."""
        if kept(address, "network") != address:
            return super().of(address)
        return _OWN if self._own.have_network_of(as_text(address)) else _NONE
