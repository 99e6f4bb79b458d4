"""Networks of both families, and of addresses that are mapped from one into the other."""

import pytest

from app.http.networks import Networks

OWN = Networks(["192.0.2.0/25", "198.51.100.0/24", "2001:db8::/32", "::ffff:203.0.113.0/120"])


@pytest.mark.parametrize(
    ("address", "is_in", "is_whole_network_in", "is_network_touched"),
    [
        ("192.0.2.7", True, False, True),
        ("192.0.2.200", False, False, True),
        ("192.0.3.7", False, False, False),
        ("::ffff:192.0.2.7", True, False, True),
        ("198.51.100.7", True, True, True),
        ("203.0.113.9", True, True, True),
        ("::ffff:203.0.113.9", True, True, True),
        ("2001:db8:1::1", True, True, True),
        ("2001:db9::1", False, False, False),
        ("", False, False, False),
        ("nobody", False, False, False),
    ],
)
def test_an_address_is_in_a_network_however_it_is_written(
    address, is_in, is_whole_network_in, is_network_touched
):
    assert (OWN.have(address), OWN.have_network_of(address)) == (is_in, is_whole_network_in)
    assert OWN.touch_network_of(address) == is_network_touched


def test_without_networks_no_address_is_in_one():
    assert not Networks(()).have("192.0.2.7")
    assert not Networks(()).touch_network_of("192.0.2.7")
