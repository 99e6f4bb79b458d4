import re
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.click import (
    ADR_FIELDS,
    MAX_FIELD_BYTES,
    MAX_ID_DRIFT_MS,
    MAX_TIMESTAMP,
    MIN_TIMESTAMP,
    Click,
    ClickIds,
    InvalidClick,
    click_id_ms,
    decode,
    from_fields,
    new_click_id,
    to_fields,
)

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
)


def entry(click: Click) -> dict[bytes, bytes]:
    return {name.encode(): value.encode() for name, value in to_fields(click).items()}


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


@given(st.integers(0, (1 << 48) - 1), st.binary(min_size=10, max_size=10))
def test_a_click_id_is_a_uuid_of_version_7(now_ms: int, random: bytes) -> None:
    """RFC 9562 §5.7: 48 bits of milliseconds, version 7, variant 10."""
    click_id = new_click_id(now_ms, random)
    assert len(click_id) == 16
    assert int.from_bytes(click_id[:6], "big") == now_ms == click_id_ms(click_id, now_ms // 1000)
    assert click_id[6] >> 4 == 7
    assert click_id[8] >> 6 == 0b10


def test_all_other_bits_of_a_click_id_are_random() -> None:
    zeros, ones = new_click_id(0, bytes(10)), new_click_id(0, b"\xff" * 10)
    differing = int.from_bytes(zeros, "big") ^ int.from_bytes(ones, "big")
    assert differing.bit_count() == 74


@given(st.lists(st.integers(0, (1 << 48) - 1), min_size=2))
def test_click_ids_sort_by_time(times: list[int]) -> None:
    ids = [new_click_id(time, b"\xff" * 10) for time in times]
    assert sorted(ids) == [new_click_id(time, b"\xff" * 10) for time in sorted(times)]


@pytest.mark.parametrize(
    ("id_ms", "time_ms"),
    [
        pytest.param(1_800_000_000_123, 1_800_000_000_123, id="an id of that second"),
        pytest.param(1_800_000_000_000 + MAX_ID_DRIFT_MS, None, id="an id that just fits"),
        pytest.param(1_800_000_000_001 + MAX_ID_DRIFT_MS, 1_800_000_000_000, id="a later id"),
        pytest.param(123, 1_800_000_000_000, id="an id of another age"),
    ],
)
def test_a_clicks_time_is_its_ids_where_that_fits_its_timestamp(
    id_ms: int, time_ms: int | None
) -> None:
    click_id = new_click_id(id_ms, bytes(10)).hex().encode()
    click = from_fields(b"1-0", {**FOREIGN, b"click_id": click_id})
    assert click.time_ms == (time_ms or id_ms)


@given(st.lists(st.integers(0, 2**48 - 1), min_size=1, max_size=5), st.integers())
def test_ids_made_many_at_a_time_are_the_same_ids(times: list[int], seed: int) -> None:
    random = Random(seed).randbytes(5120)
    ids = ClickIds(lambda size: random[:size])
    made = [ids.make(time) for time in times]
    assert made == [
        new_click_id(time, random[10 * number : 10 * number + 10])
        for number, time in enumerate(times)
    ]


def test_ids_do_not_repeat_when_the_random_bytes_are_used_up() -> None:
    ids = ClickIds()
    assert len({ids.make(1) for _ in range(2000)}) == 2000


def test_an_id_that_is_no_uuid_of_version_7_tells_no_time() -> None:
    click = from_fields(b"1-0", {**FOREIGN, b"click_id": b"00" * 16})
    assert click.time_ms == 1_800_000_000_000


def test_a_foreign_entry_gets_the_same_id_at_every_delivery() -> None:
    first = from_fields(b"5-0", dict(FOREIGN))
    again = from_fields(b"5-0", dict(reversed(FOREIGN.items())))
    assert first == again
    assert first.time_ms == 1_800_000_000_000
    assert first.click_id[6] >> 4 == 7


def test_foreign_entries_that_differ_get_ids_that_differ() -> None:
    ids = {
        from_fields(b"5-0", FOREIGN).click_id,
        from_fields(b"5-1", FOREIGN).click_id,
        from_fields(b"5-0", {**FOREIGN, b"ip": b"203.0.113.8"}).click_id,
        from_fields(b"5-0", {**FOREIGN, b"ip": b"", b"referer": b"203.0.113.7"}).click_id,
        from_fields(b"5-0", {**FOREIGN, b"more": b"x"}).click_id,
    }
    assert len(ids) == 5


@pytest.mark.parametrize("written", [CLICK_ID, CLICK_ID.upper(), CLICK_ID.replace("-", "")])
def test_a_click_id_may_be_written_as_uuids_are(written: str) -> None:
    click = from_fields(b"1-0", {**FOREIGN, b"click_id": written.encode()})
    assert click.click_id.hex() == CLICK_ID.replace("-", "")


@pytest.mark.parametrize("name", ADR_FIELDS)
def test_an_entry_without_one_of_the_six_fields_is_no_click(name: str) -> None:
    refused = refusal({key: value for key, value in FOREIGN.items() if key != name.encode()})
    assert (refused.reason, refused.detail) == ("missing_field", f"{name} is missing")


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
        click.purpose,
    )
    return (entry_id, click.click_id, click.time_ms, *(text.encode() for text in texts))


hostile = st.builds(
    lambda changes, removed: {
        name: value
        for name, value in {**FOREIGN, **changes}.items()
        if name not in removed or name in changes
    },
    st.dictionaries(
        st.sampled_from([*FOREIGN, b"click_id", b"host", b"gpc", b"purpose"]),
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
