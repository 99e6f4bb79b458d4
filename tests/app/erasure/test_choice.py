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
    ],
)
def test_addresses_are_compared_as_numbers(network: str, inside: str, outside: str) -> None:
    span = Span.of(network)
    assert span.holds(inside)
    assert not span.holds(outside)


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
