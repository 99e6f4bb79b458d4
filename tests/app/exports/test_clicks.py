import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.exports.clicks import Cursor, cursor_of, month_of, read_cursor
from app.reports.query import BadQuery
from app.times import rfc3339
from tests.support.exported import row
from tests.support.queries import TEXTS


@given(st.integers(0, 10**14), st.binary(min_size=16, max_size=16), TEXTS)
def test_a_place_is_read_back(time_ms: int, click_id: bytes, code: str) -> None:
    cursor = Cursor(time_ms, click_id.hex(), code)
    assert read_cursor(str(cursor)) == cursor


@given(st.integers(0, 10**13), TEXTS)
def test_a_place_is_put_together_from_a_row_as_it_is_written(time_ms: int, code: str) -> None:
    cursor = Cursor(time_ms, "00" * 16, code)
    assert read_cursor(f"{rfc3339(time_ms)}-{'00' * 16}-{code}") == cursor


@pytest.mark.parametrize(
    "text",
    [f"2026-05-10T12:00:00-{'0' * 32}-a", "", "abc", "1-2-3", f"-1-{'0' * 32}-a", f"1-{'0' * 32}"],
)
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(BadQuery) as raised:
        read_cursor(text)
    assert raised.value.field == "after"


def test_a_row_has_a_place() -> None:
    cursor = cursor_of(row(click_id="00" * 16, short_code="abc"))
    assert cursor == Cursor(1_778_414_400_123, "00" * 16, "abc")
    assert month_of(cursor) == 202605
