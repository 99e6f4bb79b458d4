import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.enrich.places.place import MAX_NAME_LENGTH, NOWHERE, Place, merged, read_place

MAXMIND = {
    "city": {"geoname_id": 2867714, "names": {"de": "München", "en": "Munich"}},
    "country": {"iso_code": "DE", "names": {"en": "Germany"}},
    "subdivisions": [
        {"iso_code": "BY", "names": {"de": "Bayern", "en": "Bavaria"}},
        {"names": {"en": "Upper Bavaria"}},
    ],
}
DBIP = {
    "city": {"names": {"en": "Munich"}},
    "country": {"iso_code": "DE"},
    "subdivisions": [{"names": {"en": "Bavaria"}}],
}
IPINFO = {"city": "Munich", "region": "Bavaria", "country": "DE", "loc": "48.1,11.5"}
IP_LOCATION_DB = {"city": "Munich", "state1": "Bavaria", "state2": "Munich", "country_code": "DE"}
MUNICH = Place("DE", "Bavaria, DE", "Munich, Bavaria, DE")

names = st.none() | st.text(max_size=200) | st.integers() | st.floats(allow_nan=False)
values = st.recursive(
    names,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["names", "iso_code", "en", "de"]), inner, max_size=3)
    ),
    max_leaves=8,
)
records = st.dictionaries(
    st.sampled_from([*MAXMIND, *IP_LOCATION_DB, "region", "asn", "as_name", "name"])
    | st.sampled_from(["autonomous_system_number", "autonomous_system_organization"]),
    values,
)


@pytest.mark.parametrize("record", [MAXMIND, DBIP, IPINFO, IP_LOCATION_DB])
def test_a_city_is_read_from_each_makers_layout(record):
    assert read_place(record) == MUNICH


@pytest.mark.parametrize(
    "record",
    [
        {"autonomous_system_number": 3320, "autonomous_system_organization": "Deutsche Telekom"},
        {"asn": "AS3320", "as_name": "Deutsche Telekom", "as_domain": "telekom.de"},
        {"asn": "AS3320", "name": "Deutsche Telekom", "route": "79.192.0.0/10"},
    ],
)
def test_a_network_is_its_number_and_name(record):
    assert read_place(record) == Place(asn="AS3320 Deutsche Telekom")


@pytest.mark.parametrize("number", [0, -1, "AS", "AS0", "3320; x", 3.5, None, ["AS3320"]])
def test_what_is_no_number_names_no_network(number):
    assert read_place({"asn": number, "name": "Example"}).asn == ""


def test_a_country_by_its_name_alone_is_none():
    assert read_place({"country": "Germany", "country_code": "DE"}).country == "DE"
    assert read_place({"country": "Germany"}) == NOWHERE


def test_a_name_is_in_english_or_in_the_language_that_there_is():
    assert read_place({"city": {"names": {"ja": "東京", "en": "Tokyo"}}}).city == "Tokyo"
    assert read_place({"city": {"names": {"ru": "Токио", "ja": "東京"}}}).city == "東京"


def test_a_name_is_one_short_line():
    assert read_place({"city": " New\nYork\x00\u202e "}).city == "New York"
    long = read_place({"city": "x" * 5000, "region": "y" * 5000, "country_code": "de"})
    assert long.city == f"{'x' * MAX_NAME_LENGTH}, {'y' * MAX_NAME_LENGTH}, DE"


@given(records)
def test_whatever_stands_in_a_record_is_read(record):
    place = read_place(record)
    assert all(isinstance(text, str) and text.isprintable() for text in place)
    assert max(map(len, place)) <= 2 * MAX_NAME_LENGTH + len(", , DE")


def test_the_first_database_that_knows_answers():
    network = Place(asn="AS64496 Example")
    assert merged([network, Place("DE"), MUNICH]) == MUNICH._replace(asn="AS64496 Example")
    assert merged([]) == NOWHERE


def test_two_that_disagree_about_the_country_are_both_recorded():
    vienna = Place("AT", "Vienna, AT", "Vienna, Vienna, AT")
    assert merged([Place("DE"), vienna]) == Place("DE", second_country="AT")
    assert merged([vienna, Place("DE")]) == vienna._replace(second_country="DE")
    assert merged([Place("DE"), vienna, MUNICH]) == MUNICH._replace(second_country="AT")
    assert merged([Place("DE"), Place(), Place("DE")]).second_country == ""
