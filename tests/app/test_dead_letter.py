from hypothesis import given
from hypothesis import strategies as st

from app.click import from_fields, to_fields
from app.dead_letter import MAX_FLAT_LENGTH, PACKED_FIELD, Fault, from_letter, to_letter
from app.version import __version__
from tests.producers import make_click

FAULT = Fault("bad_timestamp", "timestamp b'x' is no number")
flats = st.lists(st.tuples(st.binary(), st.binary())).map(
    lambda pairs: [text for pair in pairs for text in pair]
)


def flat_click(**fields) -> list[bytes]:
    pairs = {**to_fields(make_click()), **fields}.items()
    return [text.encode() for pair in pairs if pair[1] is not None for text in pair]


def letter_of(flat: list[bytes]):
    written = to_letter(b"17-0", flat, FAULT, "me", 99)
    return from_letter(b"18-0", [*written, b"deliveries", b"3"])


def test_a_letter_says_what_happened():
    letter = letter_of([b"short_code", b"\xff"])
    assert letter.fault == FAULT
    assert (letter.letter_id, letter.entry_id) == (b"18-0", b"17-0")
    assert (letter.consumer, letter.version) == ("me", __version__)
    assert (letter.first_ms, letter.last_ms, letter.deliveries) == (17, 99, 3)
    assert letter.flat == [b"short_code", b"\xff"]


@given(flats)
def test_the_bytes_are_kept_as_they_came(flat):
    assert letter_of(flat).flat == flat


def test_too_many_fields_are_kept_as_one():
    flat = [b"%d" % number for number in range(MAX_FLAT_LENGTH + 2)]
    written = to_letter(b"17-0", flat, FAULT, "me", 99)
    assert written[-2] == PACKED_FIELD
    assert letter_of(flat).flat == flat


def test_a_click_is_sent_again_with_its_id():
    flat = flat_click()
    assert letter_of(flat).to_resend() == flat


def test_a_click_without_an_id_is_sent_again_under_the_one_that_it_was_counted_under():
    letter = letter_of(flat_click(click_id=None))
    counted = from_fields(letter.entry_id, letter.fields)
    again = letter.to_resend()
    sent = dict(zip(again[::2], again[1::2], strict=True))
    assert from_fields(b"99-7", sent) == counted


def test_what_is_no_click_is_sent_again_as_it_came():
    flat = flat_click(click_id=None, timestamp="-5")
    assert letter_of(flat).to_resend() == flat


def test_a_letter_that_somebody_else_wrote_can_be_read():
    letter = from_letter(b"18-0", [b"why", b"\xff", b"deliveries", b"many"])
    assert (letter.fault, letter.flat, letter.deliveries) == (Fault("", ""), [], 0)
