from hypothesis import given
from hypothesis import strategies as st

from tests.support.workers.rows import plain_row, rows_of
from workers.clickhouse.batch import Batch

click_ids = st.binary(min_size=16, max_size=16)
entries = st.lists(
    st.tuples(st.integers(0, 99).map(lambda n: b"%d-0" % n), click_ids | st.just(bytes(16)))
)


def add(batch: Batch, pairs, now=0.0, **columns) -> None:
    rows = [plain_row(click_id=click_id, **columns) for _, click_id in pairs]
    batch.append([entry_id for entry_id, _ in pairs], rows_of(*rows), now)


def batch_of(pairs, pieces=2) -> Batch:
    batch = Batch()
    for start in range(pieces):
        add(batch, pairs[start::pieces])
    return batch


@given(entries, st.integers(1, 4))
def test_every_click_is_one_row_and_every_entry_is_acked(pairs, pieces):
    batch = batch_of(pairs, pieces)
    assert len(batch) == len({click_id for _, click_id in pairs})
    assert sorted(batch.rows.click_id) == sorted({click_id for _, click_id in pairs})
    assert set(batch.entry_ids) == {entry_id for entry_id, _ in pairs}


@given(st.sets(click_ids, min_size=1), st.integers(1, 4))
def test_an_entry_is_acked_once(ids, pieces):
    pairs = [(b"%d-0" % number, click_id) for number, click_id in enumerate([*ids, *ids])]
    batch = batch_of([*pairs, pairs[0]], pieces)
    assert sorted(batch.entry_ids) == sorted(entry_id for entry_id, _ in pairs)


@given(entries)
def test_a_closed_batch_holds_what_it_held(pairs):
    batch = batch_of(pairs)
    before = list(batch.entry_ids), [list(column) for column in batch.rows]
    batch.close()
    assert (batch.entry_ids, [list(column) for column in batch.rows]) == before
    assert all(isinstance(column, tuple) for column in batch.rows)


@given(entries)
def test_all_columns_are_alike_in_length(pairs):
    batch = batch_of(pairs)
    assert {len(column) for column in batch.rows} == {len(batch)}


def test_its_age_is_that_of_the_oldest_row():
    batch = Batch()
    add(batch, [(b"1-0", bytes(16))], 5.0)
    add(batch, [(b"2-0", b"\1" * 16)], 6.0)
    assert batch.since == 5.0


def test_a_click_read_twice_keeps_its_first_row():
    batch = Batch()
    add(batch, [(b"1-0", bytes(16))], short_code=b"first")
    add(batch, [(b"2-0", bytes(16)), (b"3-0", b"\1" * 16)], short_code=b"second")
    assert batch.rows.short_code == [b"first", b"second"]
    assert batch.entry_ids == [b"1-0", b"3-0", b"2-0"]


@given(entries, st.integers(1, 4))
def test_halves_share_the_clicks_and_their_entries(pairs, pieces):
    batch = batch_of(pairs, pieces)
    front, back = batch.halves()
    assert abs(len(front) - len(back)) <= 1
    assert front.since == back.since == batch.since
    for column, first, second in zip(batch.rows, front.rows, back.rows, strict=True):
        assert [*first, *second] == column
    last = dict(pairs)
    for half in (front, back):
        ids = set(half.rows.click_id)
        assert {entry_id for entry_id, click_id in last.items() if click_id in ids} <= {
            *half.entry_ids
        }
    assert {*front.entry_ids, *back.entry_ids} == set(batch.entry_ids)


@given(entries, st.integers(1, 4))
def test_it_knows_how_large_its_texts_are(pairs, pieces):
    batch = Batch()
    for start in range(pieces):
        add(batch, pairs[start::pieces], user_agent=b"x" * start, target=b"y" * 100)
    parts = (batch, *batch.halves())
    for part in parts:
        rows = part.rows
        texts = (*rows.short_code, *rows.target, *rows.referrer, *rows.user_agent)
        assert part.text_bytes == sum(map(len, texts))
    assert parts[0].text_bytes == parts[1].text_bytes + parts[2].text_bytes


def test_repeated_clicks_count_among_its_entries():
    batch = batch_of([(b"%d-0" % number, bytes(16)) for number in range(9)])
    assert (len(batch), batch.entry_count) == (1, 9)
