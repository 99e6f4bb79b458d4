"""Fields of stream entries, good and bad, and the clicks that they are."""

import pytest
from hypothesis import strategies as st

from app.clicks.click import MAX_FIELD_BYTES, MAX_TIMESTAMP, MIN_TIMESTAMP, Click, to_fields

FOREIGN = {
    b"short_code": b"demo1",
    b"timestamp": b"1800000000",
    b"ip": b"203.0.113.7",
    b"user_agent": b"Mozilla/5.0",
    b"referer": b"",
    b"original_url": b"https://example.com/",
}
CLICK_ID = "01890a5d-ac96-774b-bcce-b302099a8057"

texts = (
    st.text(max_size=300)
    .filter(lambda text: len(text.encode(errors="replace")) < 1000)
    .filter(lambda text: not any("\ud800" <= character <= "\udfff" for character in text))
)
names = texts.filter(bool)

clicks = st.builds(
    Click,
    click_id=st.binary(min_size=16, max_size=16),
    short_code=names,
    timestamp=st.integers(MIN_TIMESTAMP, MAX_TIMESTAMP - 1),
    ip=texts,
    user_agent=texts,
    referer=texts,
    original_url=names,
    host=texts,
    accept_language=texts,
    purpose=texts,
    gpc=texts,
    query=texts,
    count_only=st.sampled_from(["", "1", "2"]),
    own=texts,
    client_hints=texts,
    fetch_mode=texts,
)


def entry(click: Click) -> dict[bytes, bytes]:
    return {name.encode(): value.encode() for name, value in to_fields(click).items()}


MALFORMED = [
    pytest.param(b"timestamp", b"", "bad_timestamp", id="no time"),
    pytest.param(b"timestamp", b"-1800000000", "bad_timestamp", id="a negative time"),
    pytest.param(b"timestamp", b"1800000000000", "bad_timestamp", id="milliseconds"),
    pytest.param(b"timestamp", b"999999999", "bad_timestamp", id="before 2001"),
    pytest.param(b"timestamp", b"4102444800", "bad_timestamp", id="after 2099"),
    pytest.param(b"timestamp", b"9" * 400, "bad_timestamp", id="an absurd time"),
    pytest.param(b"timestamp", b"1e9", "bad_timestamp", id="an exponent"),
    pytest.param(b"timestamp", b"nan", "bad_timestamp", id="no number"),
    pytest.param(b"timestamp", b" 1800000000", "bad_timestamp", id="a space before the time"),
    pytest.param(b"timestamp", b"1800000000\n", "bad_timestamp", id="a line break after it"),
    pytest.param(b"timestamp", b"1_800_000_000", "bad_timestamp", id="Python's underscores"),
    pytest.param(b"timestamp", "١٨".encode(), "bad_timestamp", id="Arabic digits"),
    pytest.param(b"timestamp", b"1800000000.", "bad_timestamp", id="a point without digits"),
    pytest.param(b"short_code", b"", "empty_field", id="no code"),
    pytest.param(b"original_url", b"", "empty_field", id="no target"),
    pytest.param(b"short_code", b"\xff\xfe", "not_utf8", id="a code that is not UTF-8"),
    pytest.param(b"user_agent", b"\xc3\x28", "not_utf8", id="a user agent that is not UTF-8"),
    pytest.param(b"referer", b"\xed\xa0\x80", "not_utf8", id="a surrogate"),
    pytest.param(b"host", b"\x80", "not_utf8", id="an extra field that is not UTF-8"),
    pytest.param(b"user_agent", b"x" * (1 << 20), "too_long", id="a user agent of a megabyte"),
    pytest.param(b"referer", b"x" * (MAX_FIELD_BYTES + 1), "too_long", id="a byte too much"),
    pytest.param(b"click_id", b"", "bad_click_id", id="an empty click id"),
    pytest.param(b"click_id", b"xyz", "bad_click_id", id="a click id of other letters"),
    pytest.param(b"click_id", b"00" * 15, "bad_click_id", id="a click id too short"),
    pytest.param(b"click_id", b"00" * 17, "bad_click_id", id="a click id too long"),
    pytest.param(b"click_id", b"\xff" * 16, "bad_click_id", id="a click id in raw bytes"),
    pytest.param(b"click_id", b"00 " * 16, "bad_click_id", id="a click id with spaces"),
]
