import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clicks.click import (
    ADR_FIELDS,
    MAX_FIELD_BYTES,
    MAX_TIMESTAMP,
    MIN_TIMESTAMP,
    Click,
    InvalidClick,
    from_fields,
    to_fields,
)
from tests.support.stream_fields import CLICK_ID, FOREIGN, MALFORMED, clicks, entry


def refusal(fields: dict[bytes, bytes]) -> InvalidClick:
    with pytest.raises(InvalidClick) as refused:
        from_fields(b"1-0", fields)
    assert refused.value.detail
    return refused.value


@given(clicks)
def test_a_click_reads_back_the_same(click: Click) -> None:
    assert from_fields(b"1-0", entry(click)) == click


@given(clicks)
def test_the_six_fields_of_the_adr_are_always_there(click: Click) -> None:
    fields = to_fields(click)
    assert set(ADR_FIELDS) <= set(fields)
    assert fields["timestamp"] == str(click.timestamp)
    assert re.fullmatch("[0-9a-f]{32}", fields["click_id"])


def test_empty_extra_fields_are_left_out() -> None:
    click = Click(bytes(16), "a", MIN_TIMESTAMP, "", "", "", "https://a.b/", gpc="1")
    assert set(to_fields(click)) == {*ADR_FIELDS, "click_id", "gpc"}


def test_fields_that_are_not_known_are_read_over() -> None:
    assert from_fields(b"1-0", {**FOREIGN, b"click_id": CLICK_ID.encode(), b"x": b"\xff"}) == (
        from_fields(b"1-0", {**FOREIGN, b"click_id": CLICK_ID.encode()})
    )


@pytest.mark.parametrize("name", ADR_FIELDS)
def test_an_entry_without_one_of_the_six_fields_is_no_click(name: str) -> None:
    refused = refusal({key: value for key, value in FOREIGN.items() if key != name.encode()})
    assert (refused.reason, refused.detail) == ("missing_field", f"{name} is missing")


@pytest.mark.parametrize(("field", "value", "reason"), MALFORMED)
def test_a_malformed_entry_is_refused_with_a_reason(
    field: bytes, value: bytes, reason: str
) -> None:
    refused = refusal({**FOREIGN, field: value})
    assert refused.reason == reason
    assert str(refused).startswith(f"{reason}: ")
    assert len(refused.detail) < 200


@pytest.mark.parametrize(
    ("written", "timestamp"),
    [
        (b"1800000000", 1_800_000_000),
        (b"1800000000.75", 1_800_000_000),
        (b"1000000000", MIN_TIMESTAMP),
        (b"4102444799.999999999", MAX_TIMESTAMP - 1),
    ],
)
def test_a_time_is_whole_unix_seconds(written: bytes, timestamp: int) -> None:
    assert from_fields(b"1-0", {**FOREIGN, b"timestamp": written}).timestamp == timestamp


def test_a_field_of_exactly_the_limit_is_read() -> None:
    click = from_fields(b"1-0", {**FOREIGN, b"user_agent": b"x" * MAX_FIELD_BYTES})
    assert len(click.user_agent) == MAX_FIELD_BYTES


fields = st.dictionaries(
    st.sampled_from([*FOREIGN, b"click_id", b"host"]) | st.binary(max_size=8),
    st.binary(max_size=40),
)


@given(fields, st.binary(max_size=20))
def test_any_entry_is_a_click_or_refused(fields: dict[bytes, bytes], entry_id: bytes) -> None:
    read: Callable[[], Click] = lambda: from_fields(entry_id, {**FOREIGN, **fields})  # noqa: E731
    try:
        click = read()
    except InvalidClick:
        return
    assert len(click.click_id) == 16
    assert read() == click
