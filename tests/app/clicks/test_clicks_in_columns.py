from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clicks.click import MAX_FIELD_BYTES, Click, InvalidClick, decode, from_fields
from tests.support.stream_fields import CLICK_ID, FOREIGN, MALFORMED, clicks, entry


def flatten(fields: dict[bytes, bytes]) -> list[bytes]:
    return [text for pair in fields.items() for text in pair]


def columns_of(entry_id: bytes, click: Click) -> tuple[object, ...]:
    texts = (
        click.short_code,
        click.ip,
        click.user_agent,
        click.referer,
        click.original_url,
        click.host,
        click.accept_language,
        click.fetch_mode,
        click.purpose,
        click.query,
        click.count_only,
        click.own,
        click.client_hints,
    )
    return (entry_id, click.click_id, click.time_ms, *(text.encode() for text in texts))


hostile = st.builds(
    lambda changes, removed: {
        name: value
        for name, value in {**FOREIGN, **changes}.items()
        if name not in removed or name in changes
    },
    st.dictionaries(
        st.sampled_from(
            [
                *(*FOREIGN, b"click_id", b"host", b"gpc", b"purpose", b"query", b"count_only"),
                *(b"own", b"fetch_mode"),
            ]
        ),
        st.sampled_from(
            [
                b"",
                b"x",
                b"x" * MAX_FIELD_BYTES,
                b"x" * (MAX_FIELD_BYTES + 1),
                b"\xff",
                b"\xc3",
                b"\xa9",
                b"0",
                b"1800000000",
                b"1800000000.5",
                b"9" * 12,
                CLICK_ID.encode(),
                b"00" * 16,
                b"0 " * 16,
                b"zz" * 16,
                b"\0" * 32,
            ]
        ),
        max_size=2,
    ),
    st.sets(st.sampled_from(sorted(FOREIGN)), max_size=1) | st.just(set()),
)


@given(st.lists(clicks.map(entry) | hostile, min_size=1, max_size=8))
def test_many_entries_are_the_clicks_that_each_is_alone(entries: list[dict[bytes, bytes]]) -> None:
    entry_ids = [b"%d-0" % number for number in range(len(entries))]
    read: Callable[[], list[Click]] = lambda: list(map(from_fields, entry_ids, entries))  # noqa: E731
    try:
        alone = read()
    except InvalidClick:
        with pytest.raises(InvalidClick):
            decode(entry_ids, list(map(flatten, entries)))
        return
    together = decode(entry_ids, list(map(flatten, entries)))
    expected = map(columns_of, entry_ids, alone)
    assert sorted(zip(*together, strict=True)) == sorted(expected)


@pytest.mark.parametrize(("field", "value", "reason"), MALFORMED)
def test_a_malformed_entry_is_noticed_among_good_ones(
    field: bytes, value: bytes, reason: str
) -> None:
    good = {**FOREIGN, b"host": b"a.example", b"click_id": CLICK_ID.replace("-", "").encode()}
    entries = [flatten(one) for one in (good, {**good, field: value}, good)]
    with pytest.raises(InvalidClick) as refused:
        decode([b"1-0", b"2-0", b"3-0"], entries)
    assert refused.value.reason == reason


def test_two_halves_of_a_character_are_no_text() -> None:
    entries = [flatten({**FOREIGN, b"ip": half}) for half in (b"\xc3", b"\xa9")]
    with pytest.raises(InvalidClick, match="not_utf8"):
        decode([b"1-0", b"2-0"], entries)


@given(hostile)
def test_one_entry_is_refused_for_the_same_reason_either_way(fields: dict[bytes, bytes]) -> None:
    def said(read: Callable[[], object]) -> str:
        try:
            read()
        except InvalidClick as invalid:
            return str(invalid)
        return ""

    assert said(lambda: decode([b"1-0"], [flatten(fields)])) == (
        said(lambda: from_fields(b"1-0", fields))
    )


def test_of_a_doubled_name_the_last_value_counts_for_many_too() -> None:
    doubled = [*flatten(FOREIGN), b"short_code", b"second"]
    assert decode([b"1-0", b"2-0"], [doubled, doubled]).short_codes == [b"second", b"second"]


def test_no_entries_are_no_clicks() -> None:
    assert decode([], []).click_ids == []
