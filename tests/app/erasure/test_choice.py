import pytest

from app.audit.click_ref import ClickRef
from app.erasure.choice import Choice, Found, Span, read_entry


def found(code: str = "abc", address: str = "203.0.113.7", time_ms: int = 5) -> Found:
    return Found(ClickRef(time_ms, bytes(16)), code, address)


@pytest.mark.parametrize(
    ("network", "inside", "outside"),
    [
        ("203.0.113.7", "203.0.113.7", "203.0.113.8"),
        ("203.0.113.0/24", "203.0.113.255", "203.0.114.0"),
        ("0.0.0.0/0", "8.8.8.8", "2001:db8::1"),
        ("::ffff:203.0.113.7", "203.0.113.7", "203.0.113.6"),
        ("2001:db8::/48", "2001:db8::ffff%eth0", "2001:db8:1::"),
        ("2001:db8::1", "2001:0db8:0:0::1", "nonsense"),
        ("203.0.113.9/24", "203.0.113.1", ""),
        ("203.0.113.7", "203.0.113.7:4711", "203.0.113.8:4711"),
        ("203.0.113.7", '"[::ffff:203.0.113.7]:443"', "::203.0.113.7"),
        ("::ffff:203.0.113.0/120", " 203.0.113.7", "203.0.114.7"),
        ("::ffff:cb00:7107", "203.0.113.7", "203.0.113.6"),
        ("2001:db8::/64", "[2001:db8::ffff%25eth0]:80", "[2001:db8:0:1::1]:80"),
    ],
)
def test_addresses_are_compared_as_numbers(network: str, inside: str, outside: str) -> None:
    span = Span.of(network)
    assert span.holds(inside)
    assert not span.holds(outside)


@pytest.mark.parametrize(
    ("network", "stored", "is_chosen"),
    [
        ("203.0.113.0/24", "203.0.113.0", True),
        ("203.0.112.0/23", "203.0.113.0", True),
        ("::ffff:203.0.113.0/120", "203.0.113.0", True),
        ("203.0.113.0", "203.0.113.0", False),
        ("203.0.113.0/25", "203.0.113.0", False),
        ("203.0.113.0/25", "203.0.113.9", True),
        ("203.0.113.128/25", "203.0.113.0", False),
        ("::ffff:203.0.113.0/121", "203.0.113.0", False),
        ("2001:db8:1::/48", "2001:db8:1::", True),
        ("2001:db8::/32", "2001:db8:1::", True),
        ("2001:db8:1::/64", "2001:db8:1::", False),
        ("2001:db8:1::", "2001:db8:1::", False),
        ("0.0.0.0/0", "203.0.113.0", True),
        ("::/0", "203.0.113.0", True),
    ],
)
def test_a_stored_network_is_chosen_only_as_a_whole(
    network: str, stored: str, is_chosen: bool
) -> None:
    """Else who asks for one address would erase the clicks of all its neighbours."""
    choice = Choice(addresses=Span.of(network)).as_stored()
    assert choice.addresses
    assert choice.addresses.holds(stored) is is_chosen


def test_what_is_no_address_is_refused() -> None:
    for text in ("", "example.com", "203.0.113.0/33"):
        with pytest.raises(ValueError, match="does not appear"):
            Span.of(text)


def test_a_choice_looks_at_code_address_and_time() -> None:
    assert Choice(code="abc").has(found())
    assert not Choice(code="abc").has(found("ABC"))
    assert Choice(addresses=Span.of("203.0.113.0/24")).has(found())
    assert not Choice(visitor=1).has(found())
    timely = Choice(code="abc", since_ms=3, until_ms=5)
    assert [ms for ms in range(10) if timely.has(found(time_ms=ms))] == [3, 4]


def test_an_entry_that_is_no_click_still_has_what_it_has() -> None:
    seen = read_entry(b"7-1", [b"short_code", b"abc", b"ip", b"\xff"])
    assert (seen.code, seen.click_ref.time_ms) == ("abc", 7)
