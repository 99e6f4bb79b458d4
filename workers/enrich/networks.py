"""Step that names the kinds of network which an address is in."""

from functools import lru_cache
from importlib import resources

from app.http.kept_address import UNKNOWN, as_text, kept
from app.http.networks import Networks
from app.verdicts.traffic import DATACENTRE
from app.verdicts.visit import OWN

_NONE: tuple[str, ...] = ()
_OWN = (OWN,)
_DATACENTRE = (DATACENTRE,)


def kinds_of_asn(asn: str) -> tuple[str, ...]:
    """Return the kinds of a network by its number and name, ``AS3320 Deutsche Telekom AG``."""
    return _DATACENTRE if asn and asn.partition(" ")[0] in datacentres() else _NONE


@lru_cache(1)
def datacentres() -> frozenset[str]:
    """Return the numbers of the networks in ``datacentres.tsv``, as ``AS16509``."""
    table = resources.files("workers.enrich.facts").joinpath("datacentres.tsv").read_text()
    lines = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    return frozenset(f"AS{number}" for number, *_ in lines)


class NetworkKinds:
    """Names the kinds of network of a visitor's address."""

    def __init__(self, own: Networks) -> None:
        self._own = own

    def of(self, address: bytes) -> tuple[str, ...]:
        """Return the kinds of the networks that an address in 16 bytes is in."""
        if not self._own or address == UNKNOWN:
            return _NONE
        return _OWN if self._own.have(as_text(address)) else _NONE


class StoredNetworkKinds(NetworkKinds):
    """Names them for addresses as they are stored, which may be those of a network only."""

    def of(self, address: bytes) -> tuple[str, ...]:
        """Return the kinds of the networks that all of what is stored is in."""
        if kept(address, "network") != address:
            return super().of(address)
        return _OWN if self._own.have_network_of(as_text(address)) else _NONE

    def may_be_own(self, address: bytes) -> bool:
        """Tell whether what is stored may be of an address in one of the operator's networks."""
        if address == UNKNOWN:
            return bool(self._own)
        if kept(address, "network") != address:
            return self._own.have(as_text(address))
        return self._own.touch_network_of(as_text(address))
