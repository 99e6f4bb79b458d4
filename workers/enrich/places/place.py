"""Place that a database's record tells, whoever wrote the record.

Three layouts are in use, with different names for the same:

- MaxMind's, in which DB-IP writes as well: nested, with names in several languages
  (https://dev.maxmind.com/geoip/docs/databases/city-and-country/, …/asn/);
- IPinfo's, flat (https://ipinfo.io/developers/ipinfo-lite-database, …/database-download);
- that of ip-location-db, flat (https://github.com/sapics/ip-location-db).
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

#: Characters of a name. The longest of a city has 58 in English, and a maker of databases may write
#: what they like.
MAX_NAME_LENGTH = 80
#: What separates a place from the one that it is in.
_IN = ", "
#: What records have that tell more than a country; most are without.
_FINER = frozenset(("city", "region", "state1", "subdivisions", "asn", "autonomous_system_number"))
_COUNTRY = re.compile(r"[A-Za-z]{2}", re.ASCII)
_NUMBER = re.compile(r"(?:AS)?([1-9][0-9]{0,9})", re.ASCII | re.IGNORECASE)


class Place(NamedTuple):
    """Where an address is; '' for what is unknown.

    Attributes:
        country: ISO 3166-1 alpha-2.
        region: in English, with its country: ``Bavaria, DE``. There are many of one name.
        city: in English, with region and country: ``Munich, Bavaria, DE``.
        asn: number and name of the network that announces the address: ``AS3320 Deutsche Telekom``.
        second_country: what another database says, where two disagree.
    """

    country: str = ""
    region: str = ""
    city: str = ""
    asn: str = ""
    second_country: str = ""


NOWHERE = Place()


def read_place(record: object) -> Place:
    """Return what a record tells of an address."""
    if not isinstance(record, dict):
        return NOWHERE
    code = _code(record)
    if record.keys().isdisjoint(_FINER):
        return _of_country(code)
    country = _country(code)
    region = _region(record)
    city = _name(record.get("city"))
    return Place(
        country=country,
        region=_joined(region, country) if region else "",
        city=_joined(city, region, country) if city else "",
        asn=_network(record),
    )


def merged(told: Sequence[Place]) -> Place:
    """Return what several databases tell together; of each question the first that knows answers.

    Region and city are those of one database, which has to agree about the country.
    """
    countries = [place.country for place in told if place.country]
    country = countries[0] if countries else ""
    within = next((place for place in told if _is_within(place, country)), NOWHERE)
    return Place(
        country=country,
        region=within.region,
        city=within.city,
        asn=next((place.asn for place in told if place.asn), ""),
        second_country=next((other for other in countries if other != country), ""),
    )


def _is_within(place: Place, country: str) -> bool:
    return bool(place.region or place.city) and place.country in ("", country)


@lru_cache(1024)
def _of_country(code: str) -> Place:
    return Place(_country(code))


def _code(record: Mapping[str, Any]) -> str:
    nested = record.get("country")
    code = nested.get("iso_code") if isinstance(nested, dict) else record.get("country_code")
    code = code or nested
    return code if isinstance(code, str) else ""


def _country(code: str) -> str:
    return code.upper() if _COUNTRY.fullmatch(code) else ""


def _region(record: Mapping[str, Any]) -> str:
    parts = record.get("subdivisions")
    # The largest comes first.
    if isinstance(parts, list) and parts:
        return _name(parts[0])
    return _name(record.get("region")) or _name(record.get("state1"))


def _network(record: Mapping[str, Any]) -> str:
    number = record.get("autonomous_system_number") or record.get("asn")
    found = _NUMBER.fullmatch(str(number)) if isinstance(number, int | str) else None
    if found is None:
        return ""
    names = map(record.get, ("autonomous_system_organization", "as_name", "name"))
    name = next(filter(None, map(_name, names)), "")
    return f"AS{found[1]} {name}".rstrip()


def _name(told: object) -> str:
    """Return a name on one line, cut; in English if there are several languages."""
    if isinstance(told, dict):
        names = told.get("names")
        if not isinstance(names, dict) or not names:
            return ""
        told = names["en"] if "en" in names else names[min(names)]
    if not isinstance(told, str):
        return ""
    start = told[: 2 * MAX_NAME_LENGTH]
    if not start.isprintable():
        start = "".join(letter if letter.isprintable() else " " for letter in start)
    return " ".join(start.split())[:MAX_NAME_LENGTH].rstrip()


def _joined(*names: str) -> str:
    return _IN.join(filter(None, names))
