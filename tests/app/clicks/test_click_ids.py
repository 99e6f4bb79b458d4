from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clicks.click import MAX_ID_DRIFT_MS, click_id_ms, from_fields, new_click_id
from app.clicks.click_ids import ClickIds
from tests.support.stream_fields import CLICK_ID, FOREIGN


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
    ends = [random[at : at + 10] for at in range(0, len(random), 10)]
    assert made == [new_click_id(time, ends.pop()).hex().encode() for time in times]


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
