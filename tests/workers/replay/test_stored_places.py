import pytest

from app.http.kept_address import UNKNOWN, parse_address
from tests.support.workers.place_files import write_places
from workers.enrich.places.place import Place
from workers.replay.stored_places import StoredPlaces

STORED = Place("XX", "Old, XX", "Older, Old, XX", "AS64496 Old", "YY")


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    folder = tmp_path_factory.mktemp("places")
    countries = {
        "192.0.0.0/16": "DE",
        "198.51.100.0/25": "BR",
        "198.51.100.128/25": "AR",
        "2001:db8::/32": "FR",
        "2001:db9:0:1::/64": "IT",
        "2001:db9:0:2::/64": "ES",
    }
    records = {network: {"country_code": country} for network, country in countries.items()}
    return StoredPlaces((write_places(folder / "country.mmdb", records),), folder)


@pytest.mark.parametrize(
    ("stored", "country"),
    [
        ("192.0.2.0", "DE"),
        ("192.0.2.7", "DE"),
        ("198.51.100.0", None),
        ("198.51.100.7", "BR"),
        ("198.51.100.200", "AR"),
        ("2001:db8::", "FR"),
        ("2001:db9::", None),
        ("2001:db9:0:2::1", "ES"),
        ("203.0.113.0", ""),
    ],
)
def test_a_network_tells_a_country_where_the_database_has_one_answer(places, stored, country):
    place, have_say = places.place_of_stored(parse_address(stored), STORED)
    assert have_say == (country is not None)
    assert place.country == ("XX" if country is None else country)
    assert place.second_country == ("YY" if country is None else "")


@pytest.mark.parametrize("stored", ["::", "64:ff9b::", "2001:0:53aa::"])
def test_nothing_tells_nothing(places, tmp_path, stored):
    address = parse_address(stored)
    assert places.place_of_stored(address, STORED) == (STORED, False)
    nothing = StoredPlaces((), tmp_path)
    assert nothing.place_of_stored(parse_address("192.0.2.0"), STORED) == (STORED, False)
    assert parse_address("::") == UNKNOWN


def test_a_database_of_ipv4_addresses_tells_nothing_about_others(tmp_path):
    records = {"192.0.0.0/16": {"country_code": "DE"}}
    path = write_places(tmp_path / "a.mmdb", records, ip_version=4, ipv4_compatible=False)
    places = StoredPlaces((path,), tmp_path)
    assert places.place_of_stored(parse_address("192.0.2.0"), STORED)[0].country == "DE"
    assert places.place_of_stored(parse_address("2001:db8::"), STORED) == (STORED, False)


def test_what_no_database_of_today_tells_stays_in_the_same_country(places):
    stored = STORED._replace(country="DE", second_country="")
    assert places.place_of_stored(parse_address("192.0.2.0"), stored) == (stored, True)
    moved = places.place_of_stored(parse_address("192.0.2.0"), STORED)[0]
    assert moved == Place("DE", asn="AS64496 Old")


def test_a_city_of_a_divided_network_stays_as_it_was_told(places, tmp_path):
    country = write_places(tmp_path / "country.mmdb", {"192.0.0.0/16": {"country_code": "DE"}})
    divided = {
        "192.0.2.0/25": {"city": "Bonn", "country_code": "DE"},
        "192.0.2.128/25": {"city": "Ulm", "country_code": "DE"},
    }
    both = StoredPlaces((country, write_places(tmp_path / "city.mmdb", divided)), tmp_path)
    ulm = Place("DE", "", "Ulm, DE")
    assert both.place_of_stored(parse_address("192.0.2.0"), ulm) == (ulm, False)
    assert both.place_of_stored(parse_address("192.0.2.200"), Place()) == (ulm, True)
