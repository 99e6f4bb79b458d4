from hypothesis import given
from hypothesis import strategies as st

from app.version import __version__
from workers.dead_letter import FIELD_PREFIX, MAX_FLAT_LENGTH, PACKED_FIELD, Fault, letter_fields
from workers.entry import Entry

FAULT = Fault("bad_timestamp", "timestamp b'x' is no number")
flats = st.lists(st.tuples(st.binary(), st.binary())).map(
    lambda pairs: [text for pair in pairs for text in pair]
)


def pairs_of(flat):
    return list(zip(flat[::2], flat[1::2], strict=True))


def test_a_letter_says_what_happened():
    letter = letter_fields(Entry(b"17-0", [b"short_code", b"\xff"]), FAULT, "me", 99)
    assert dict(pairs_of(letter)) == {
        b"reason": b"bad_timestamp",
        b"detail": b"timestamp b'x' is no number",
        b"entry_id": b"17-0",
        b"consumer": b"me",
        b"version": __version__.encode(),
        b"first_ms": b"17",
        b"last_ms": b"99",
        b"field:short_code": b"\xff",
    }


@given(flats)
def test_the_bytes_are_kept_as_they_came(flat):
    letter = pairs_of(letter_fields(Entry(b"17-0", flat), FAULT, "me", 99))
    kept = [(name[len(FIELD_PREFIX) :], value) for name, value in letter if b":" in name[:6]]
    assert kept == pairs_of(flat)


def test_too_many_fields_are_kept_as_one():
    flat = [b"%d" % number for number in range(MAX_FLAT_LENGTH + 2)]
    name, packed = letter_fields(Entry(b"17-0", flat), FAULT, "me", 99)[-2:]
    assert name == PACKED_FIELD
    assert packed.startswith(b"1:0,1:1,1:2,")
    assert packed.endswith(b"4:2001,")
