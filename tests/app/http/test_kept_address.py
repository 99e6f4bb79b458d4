import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.kept_address import UNKNOWN, as_text, household, kept, origin, parse_address

addresses = st.ip_addresses()


@given(addresses)
def test_sixteen_bytes_hold_any_address(address):
    packed = ipaddress.IPv6Address(parse_address(str(address)))
    assert (packed.ipv4_mapped or packed) == (getattr(address, "ipv4_mapped", None) or address)


@pytest.mark.parametrize("text", ["", "unknown", "1.2.3", "1.2.3.4:80:90", "::g", "\0", "x" * 9000])
def test_what_is_no_address_is_unknown(text):
    assert parse_address(text) == UNKNOWN


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("203.0.113.9:5000", "203.0.113.9"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ('"203.0.113.9"', "203.0.113.9"),
        ("[::ffff:203.0.113.9]:80", "203.0.113.9"),
    ],
)
def test_what_stands_around_an_address_is_read_over(text, plain):
    assert parse_address(text) == parse_address(plain) != UNKNOWN


def test_a_mapped_address_is_the_ipv4_address():
    assert parse_address("::ffff:192.0.2.7") == parse_address(" 192.0.2.7 ")


@given(addresses)
def test_the_network_is_stored_and_nothing_below_it(address):
    stored = ipaddress.IPv6Address(kept(parse_address(str(address)), "network"))
    plain = getattr(address, "ipv4_mapped", None) or address
    length = 24 if plain.version == 4 else 48
    network = ipaddress.ip_network((plain, length), strict=False)
    assert (stored.ipv4_mapped or stored) == network.network_address


@given(addresses)
def test_all_or_nothing_is_stored_when_asked(address):
    packed = parse_address(str(address))
    assert kept(packed, "full") == packed
    assert kept(packed, "none") == UNKNOWN


def test_a_household_is_one_ipv4_address_or_one_ipv6_subnet():
    assert household(parse_address("192.0.2.7")) != household(parse_address("192.0.2.8"))
    assert household(parse_address("2001:db8:1:2::3")) == household(
        parse_address("2001:db8:1:2:ffff::4")
    )
    assert household(parse_address("2001:db8:1:2::3")) != household(
        parse_address("2001:db8:1:3::3")
    )


@given(
    addresses | st.text(max_size=20).map(str) | st.from_regex(r"[0-9a-f:.%]{1,20}", fullmatch=True)
)
def test_an_address_is_read_as_python_reads_it(written):
    try:
        address = ipaddress.ip_address(str(written).strip())
        expected = (
            address.packed if address.version == 6 else b"\0" * 10 + b"\xff\xff" + address.packed
        )
    except ValueError:
        expected = UNKNOWN
    assert parse_address(str(written)) == expected


@given(addresses)
def test_an_address_is_written_as_text(address):
    plain = getattr(address, "ipv4_mapped", None) or address
    assert ipaddress.ip_address(as_text(parse_address(str(address)))) == plain


def embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address in an IPv6 one, as Python's own library reads it."""
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)


@given(
    st.ip_addresses(v=6, network="2002::/16")
    | st.ip_addresses(v=6, network="2001::/32")
    | st.ip_addresses(v=6, network="::ffff:0:0/96")
)
def test_a_visitor_of_a_tunnel_is_where_its_ipv4_address_is(address):
    assert origin(parse_address(str(address))) == parse_address(str(embedded(address)))


@given(st.ip_addresses(v=6, network="2400::/12") | st.ip_addresses(v=4))
def test_any_other_visitor_is_where_its_address_is(address):
    assert origin(parse_address(str(address))) == parse_address(str(address))
