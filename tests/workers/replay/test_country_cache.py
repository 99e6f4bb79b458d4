import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from workers.enrich.address import UNKNOWN, parse_address
from workers.replay.country_cache import StoredCountries


@pytest.fixture(scope="module")
def countries(tmp_path_factory):
    path = tmp_path_factory.mktemp("countries") / "country.mmdb"
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True)
    for network, country in {
        "192.0.0.0/16": "DE",
        "198.51.100.0/25": "BR",
        "198.51.100.128/25": "AR",
        "2001:db8::/32": "FR",
        "2001:db9:0:1::/64": "IT",
        "2001:db9:0:2::/64": "ES",
    }.items():
        writer.insert_network(IPSet([network]), {"country_code": country})
    writer.to_db_file(str(path))
    return StoredCountries(path)


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
def test_a_network_tells_a_country_where_the_database_has_one_answer(countries, stored, country):
    assert countries.country_of_stored(parse_address(stored)) == country


def test_nothing_tells_nothing(countries):
    assert countries.country_of_stored(UNKNOWN) is None
    assert StoredCountries(None).country_of_stored(parse_address("192.0.2.0")) is None


def test_a_database_of_ipv4_addresses_tells_nothing_about_others(tmp_path):
    writer = MMDBWriter(ip_version=4)
    writer.insert_network(IPSet(["192.0.0.0/16"]), {"country_code": "DE"})
    writer.to_db_file(str(tmp_path / "country.mmdb"))
    countries = StoredCountries(tmp_path / "country.mmdb")
    assert countries.country_of_stored(parse_address("192.0.2.0")) == "DE"
    assert countries.country_of_stored(parse_address("2001:db8::")) is None
