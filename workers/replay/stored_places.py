"""Places of stored addresses, which may be networks."""

from app.http.kept_address import UNKNOWN, as_text, kept, origin
from workers.enrich.places.place import Place, merged
from workers.enrich.places.places import Places

#: Bits of a network as it is stored: see :func:`app.http.kept_address.kept`.
_IPV4_BITS = 24
_IPV6_BITS = 48


class StoredPlaces(Places):
    """Looks places up for addresses as they are stored, which may be those of a network only."""

    def place_of_stored(self, address: bytes, stored: Place) -> tuple[Place, bool]:
        """Return where an address in 16 bytes is, and whether all databases had their say.

        One has none where it can't tell: nothing of the address is stored, or a network that the
        database divides, or the IPv4 address is gone of which another was made. What is stored
        stands in its place then, as it does for what today's databases don't know at all.
        """
        is_network = kept(address, "network") == address
        is_lost = address == UNKNOWN or (is_network and origin(address) != address)
        if is_lost or not self._databases:
            return stored, False
        text = as_text(origin(address))
        most_bits = _IPV6_BITS if ":" in text else _IPV4_BITS
        told = []
        have_say = True
        for database in self._databases:
            place, bits = database.find(text)
            is_one_answer = bits > 0 and (not is_network or bits <= most_bits)
            have_say = have_say and is_one_answer
            told.append(place if is_one_answer else stored)
        new = merged(told)
        return _with_what_was_known(new, stored, have_say=have_say), have_say


def _with_what_was_known(new: Place, stored: Place, *, have_say: bool) -> Place:
    asn = new.asn or stored.asn
    if new.country != stored.country:
        return new._replace(asn=asn, second_country=new.second_country if have_say else "")
    return Place(
        country=new.country,
        region=new.region or stored.region,
        city=new.city or stored.city,
        asn=asn,
        second_country=new.second_country if have_say else stored.second_country,
    )
