import logging

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from workers.enrich.address import UNKNOWN, parse_address
from workers.enrich.geoip import BadCountryDatabase, CountryDatabase


def write_database(path, **options):
    writer = MMDBWriter(database_type="Test-Country", **options)
    writer.insert_network(IPSet(["192.0.2.0/24"]), {"country": {"iso_code": "DE"}})
    writer.insert_network(IPSet(["198.51.100.0/24"]), {"country_code": "BR"})
    writer.insert_network(IPSet(["203.0.113.0/24"]), {"continent": {"code": "EU"}})
    writer.to_db_file(str(path))


def test_both_ways_of_writing_a_country_are_read(tmp_path):
    write_database(tmp_path / "country.mmdb", ip_version=6, ipv4_compatible=True)
    countries = CountryDatabase(tmp_path / "country.mmdb")
    asked = ("192.0.2.7", "198.51.100.7", "203.0.113.7", "2001:db8::1", "10.0.0.1")
    assert [countries.country(parse_address(ip)) for ip in asked] == ["DE", "BR", "", "", ""]
    assert countries.version.startswith("Test-Country 20")


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
def test_an_address_made_of_another_is_in_the_country_of_that(tmp_path, ip):
    write_database(tmp_path / "country.mmdb", ip_version=6, ipv4_compatible=True)
    assert CountryDatabase(tmp_path / "country.mmdb").country(parse_address(ip)) == "DE"


@pytest.mark.parametrize("ip", ["2002:a00:1::1", "64:ff9b::10.0.0.1", "2001:1::", "64:ff9c::1"])
def test_one_made_of_a_private_address_has_no_country(tmp_path, ip):
    write_database(tmp_path / "country.mmdb", ip_version=6, ipv4_compatible=True)
    assert CountryDatabase(tmp_path / "country.mmdb").country(parse_address(ip)) == ""


def test_a_database_of_ipv4_addresses_knows_no_other(tmp_path):
    write_database(tmp_path / "country.mmdb", ip_version=4)
    countries = CountryDatabase(tmp_path / "country.mmdb")
    assert countries.country(parse_address("192.0.2.7")) == "DE"
    assert countries.country(parse_address("2001:db8::1")) == ""


def test_the_embedded_database_knows_countries(country_database):
    countries = CountryDatabase(country_database)
    assert countries.country(parse_address("8.8.8.8")) == "US"
    assert countries.country(parse_address("2a00:1450:4001:82a::200e")) != ""
    assert countries.country(UNKNOWN) == ""


def test_without_a_file_countries_are_unknown(tmp_path, caplog):
    assert CountryDatabase(None).country(parse_address("8.8.8.8")) == ""
    with caplog.at_level(logging.WARNING):
        countries = CountryDatabase(tmp_path / "absent.mmdb")
    assert (countries.country(parse_address("8.8.8.8")), countries.version) == ("", "")
    assert "absent.mmdb is missing" in caplog.text


def test_a_file_that_is_no_database_is_refused_by_name(tmp_path):
    path = tmp_path / "country.mmdb"
    path.write_bytes(b"not a database")
    with pytest.raises(BadCountryDatabase, match=r"country\.mmdb"):
        CountryDatabase(path)
