"""Addresses read and shown alike by every version of Python."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.addresses import network_of, read_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("::ffff:192.0.2.9", "192.0.2.9"),
        ("::ffff:c000:209", "192.0.2.9"),
        ("[::FFFF:192.0.2.9]:443", "192.0.2.9"),
        ("0:0:0:0:0:ffff:c000:0209", "192.0.2.9"),
        ("2001:DB8::0:9", "2001:db8::9"),
        ("::192.0.2.9", "::c000:209"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_an_address_has_one_spelling(text: str, address: str) -> None:
    assert str(read_address(text)) == address


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("::1", "::/48"),
        ("", ""),
        ("203.0.113.77:80", "203.0.113.0/24"),
        ("unknown", ""),
    ],
)
def test_of_an_address_only_the_network_is_shown(address: str, network: str) -> None:
    assert network_of(address) == network


@given(st.ip_addresses())
def test_no_whole_address_is_ever_shown(address: IPv4Address | IPv6Address) -> None:
    shown = network_of(str(address))
    assert shown.endswith(("/24", "/48"))
    assert shown.partition("/")[0] == network_of(shown.partition("/")[0]).partition("/")[0]
