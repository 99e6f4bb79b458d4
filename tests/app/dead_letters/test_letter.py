from hypothesis import given
from hypothesis import strategies as st

from app.clicks.click import ADR_FIELDS, MAX_FIELD_BYTES, from_fields, to_fields
from app.dead_letters.letter import (
    MAX_DETAIL,
    MAX_FLAT_LENGTH,
    MAX_KEPT_BYTES,
    MAX_TEXT_BYTES,
    PACKED_FIELD,
    Fault,
    from_letter,
    to_letter,
)
from app.version import __version__
from tests.support.producers import make_click

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


sizes = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 3 * MAX_TEXT_BYTES)), max_size=40)


@given(sizes)
def test_a_letter_has_a_bound_and_says_what_was_cut(pairs):
    flat = [text for name, value in pairs for text in (bytes(name), bytes(value))]
    letter = letter_of(flat)
    assert sum(map(len, letter.flat)) <= MAX_KEPT_BYTES
    kept = zip(letter.flat, flat, strict=False)
    assert all(whole.startswith(part) for part, whole in kept)
    is_whole = letter.flat == flat
    assert letter.cut_from == (0 if is_whole else sum(map(len, flat)))


def test_whatever_can_be_a_click_fits_into_a_letter():
    extras = ("host", "accept_language", "purpose", "gpc", "click_id")
    largest = [
        text for name in (*ADR_FIELDS, *extras) for text in (name.encode(), bytes(MAX_FIELD_BYTES))
    ]
    assert letter_of(largest).flat == largest
    assert letter_of(largest).cut_from == 0


def test_a_long_error_is_cut():
    written = to_letter(b"17-0", [], Fault("poison", "x" * 10**6), "me", 99)
    assert len(from_letter(b"18-0", written).fault.detail) == MAX_DETAIL


names = st.sampled_from([b"fields", b"entry_id", b"cut_from", b"field:a", b"last_ms"]) | st.binary()
texts = (
    st.sampled_from([b"1:a,", b"1:a,1:b,", b"9:a,", b"x:a,", b":,", b"17", b"9" * 5000])
    | st.binary()
)


@given(st.lists(st.tuples(names, texts)))
def test_whatever_stands_among_the_letters_can_be_read(pairs):
    letter = from_letter(b"18-0", [text for pair in pairs for text in pair])
    assert len(letter.flat) % 2 == 0
    assert len(letter.fields) <= len(letter.flat) // 2
    assert int(letter.entry_id.partition(b"-")[0]) >= 0
    letter.to_resend()
