import pytest

from app.http.kept_address import as_text, origin, parse_address
from tests.support.workers.place_files import write_places
from workers.enrich.places.place import NOWHERE, Place
from workers.enrich.places.places import LOOK_MS, Places, Standing

NOW_MS = 1_790_000_000_000
NETWORKS = {
    "192.0.2.0/24": {"country": {"iso_code": "DE"}},
    "198.51.100.0/24": {"country_code": "BR"},
    "203.0.113.0/24": {"continent": {"code": "EU"}},
}


@pytest.fixture
def places(tmp_path):
    return Places((write_places(tmp_path / "country.mmdb", NETWORKS),), tmp_path)


def country(places, ip):
    return places.place(as_text(origin(parse_address(ip)))).country


def test_an_address_is_in_the_country_of_its_network(places):
    asked = ("192.0.2.7", "198.51.100.7", "203.0.113.7", "2001:db8::1", "10.0.0.1")
    assert [country(places, ip) for ip in asked] == ["DE", "BR", "", "", ""]
    assert places.version.startswith("Test 20")


@pytest.mark.parametrize(
    "ip",
    [
        "2002:c000:207::1",  # 6to4 of 192.0.2.7
        "2001:0:53aa:64c:0:7bda:3fff:fdf8",  # Teredo of a client at 192.0.2.7
        "64:ff9b::192.0.2.7",
        "64:ff9b:1::192.0.2.7",
        "::ffff:192.0.2.7",
    ],
)
def test_an_address_made_of_another_is_in_the_country_of_that(places, ip):
    assert country(places, ip) == "DE"


@pytest.mark.parametrize("ip", ["2002:a00:1::1", "64:ff9b::10.0.0.1", "2001:1::", "64:ff9c::1"])
def test_one_made_of_a_private_address_has_no_country(places, ip):
    assert country(places, ip) == ""


def test_a_database_of_ipv4_addresses_knows_no_other(tmp_path):
    path = write_places(tmp_path / "country.mmdb", NETWORKS, ip_version=4, ipv4_compatible=False)
    places = Places((path,), tmp_path)
    assert (country(places, "192.0.2.7"), country(places, "2001:db8::1")) == ("DE", "")


def test_the_embedded_database_knows_countries(country_database, tmp_path):
    places = Places((country_database,), tmp_path)
    assert country(places, "8.8.8.8") == "US"
    assert country(places, "2a00:1450:4001:82a::200e") != ""


def test_without_a_database_nothing_is_known(tmp_path):
    places = Places((), tmp_path)
    assert (places.place("8.8.8.8"), places.version) == (NOWHERE, "")


def test_several_databases_answer_together(tmp_path):
    network = {"autonomous_system_number": 64496, "autonomous_system_organization": "Example"}
    cities = {"192.0.2.0/25": {"city": "Köln", "country_code": "DE"}}
    places = Places(
        (
            write_places(tmp_path / "country.mmdb", NETWORKS, database_type="A"),
            write_places(tmp_path / "city.mmdb", cities, database_type="B"),
            write_places(tmp_path / "asn.mmdb", {"192.0.2.0/24": network}, database_type="C"),
        ),
        tmp_path,
    )
    assert places.place("192.0.2.7") == Place("DE", "", "Köln, DE", "AS64496 Example")
    assert places.place("192.0.2.200").city == ""
    assert [one.split()[0] for one in places.version.split(", ")] == ["A", "B", "C"]


def test_files_are_looked_at_now_and_then(tmp_path):
    path = write_places(tmp_path / "country.mmdb", NETWORKS)
    told = []
    places = Places((path, tmp_path / "absent.mmdb"), tmp_path, told.append)
    write_places(path, {"192.0.2.0/24": {"country_code": "FR"}})
    assert not places.look(NOW_MS)
    assert not places.look(NOW_MS + LOOK_MS - 1)
    assert country(places, "192.0.2.7") == "DE"
    assert places.look(NOW_MS + LOOK_MS)
    assert country(places, "192.0.2.7") == "FR"
    assert [one.unusable for one in told] == [1, 1, 1]
    assert told[0].built_at > 0
    Places((), tmp_path, told.append)
    assert told[-1] == Standing(0, 0)
