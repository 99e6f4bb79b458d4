"""Country database that answers for stored addresses, which may be networks."""

from workers.enrich.address import UNKNOWN, as_text, kept
from workers.enrich.geoip import CountryDatabase

#: Bits of a network as it is stored: see :func:`workers.enrich.address.kept`.
_IPV4_BITS = 24
_IPV6_BITS = 48


class StoredCountries(CountryDatabase):
    """Looks countries up for addresses as they are stored, which may be those of a network only."""

    def country_of_stored(self, address: bytes) -> str | None:
        """Return the country of an address in 16 bytes, as :meth:`CountryDatabase.country`.

        None where it can't be told: nothing is stored, or a network that the database divides, or
        there is no database.
        """
        if self._reader is None or address == UNKNOWN:
            return None
        if kept(address, "network") == address and not self._is_one_answer(as_text(address)):
            return None
        return self.country(address)

    def _is_one_answer(self, network: str) -> bool:
        assert self._reader is not None  # noqa: S101 - for the type checker
        try:
            _, bits = self._reader.get_with_prefix_len(network)
        except ValueError:  # an IPv6 address and a database of IPv4 addresses
            return False
        return bits <= (_IPV6_BITS if ":" in network else _IPV4_BITS)
