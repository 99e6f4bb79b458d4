from hypothesis import given
from hypothesis import strategies as st

from workers.batch import Batch
from workers.row import Row

EMPTY = Row(b"", 0, "", "", bytes(16), 0, "", "", "", "", False, "", "", "", "", "", "", "", 0)

click_ids = st.binary(min_size=16, max_size=16)
entries = st.lists(st.tuples(st.integers(0, 99).map(lambda n: b"%d-0" % n), click_ids))


def batch_of(pairs, max_rows=1000, max_seconds=1.0, now=0.0) -> Batch:
    batch = Batch(max_rows, max_seconds)
    for entry_id, click_id in pairs:
        batch.append(entry_id, EMPTY._replace(click_id=click_id), now)
    return batch


@given(entries)
def test_every_click_is_one_row_and_every_entry_is_acked(pairs):
    batch = batch_of(pairs)
    assert len(batch) == len({click_id for _, click_id in pairs})
    assert sorted(batch.entry_ids) == sorted({entry_id for entry_id, _ in pairs})


@given(entries.filter(bool))
def test_columns_hold_the_rows_in_the_order_of_the_fields(pairs):
    columns = batch_of(pairs).columns()
    assert len(columns) == len(Row._fields)
    assert columns[0] == list(dict.fromkeys(click_id for _, click_id in pairs))


@given(entries, st.randoms())
def test_the_token_is_that_of_the_clicks_in_any_order(pairs, random):
    shuffled = random.sample(pairs, len(pairs))
    assert batch_of(pairs).token == batch_of(shuffled).token


@given(st.sets(click_ids), st.sets(click_ids))
def test_other_clicks_have_another_token(some, others):
    tokens = {batch_of([(b"1-0", one) for one in ids]).token for ids in (some, others)}
    assert len(tokens) == (1 if some == others else 2)


@given(st.integers(1, 50), st.integers(0, 60))
def test_it_is_full_at_its_rows(max_rows, count):
    batch = batch_of([(b"%d-0" % n, n.to_bytes(16, "big")) for n in range(count)], max_rows)
    assert batch.is_full == (count >= max_rows)


@given(st.floats(0, 1e6), st.floats(0.01, 100), st.floats(0, 200))
def test_it_is_due_at_its_age_from_the_first_row(start, max_seconds, later):
    batch = batch_of([(b"1-0", bytes(16))], max_seconds=max_seconds, now=start)
    batch.append(b"2-0", EMPTY._replace(click_id=b"\1" * 16), start + later)
    assert batch.is_due(start + later) == (batch.seconds_left(start + later) <= 0)
    assert batch.seconds_left(start) <= max_seconds * 1.001


def test_an_empty_batch_is_never_due():
    batch = Batch(1, 0.0)
    assert not batch.is_due(1e9)
    assert not batch.is_full
    assert batch.seconds_left(1e9) == float("inf")


def test_a_click_read_twice_keeps_its_first_row():
    batch = Batch(10, 1.0)
    batch.append(b"1-0", EMPTY._replace(short_code="first"), 0.0)
    batch.append(b"2-0", EMPTY._replace(short_code="second"), 0.0)
    assert batch.columns()[Row._fields.index("short_code")] == ["first"]
    assert batch.entry_ids == [b"1-0", b"2-0"]


@given(entries)
def test_halves_share_the_clicks_and_their_entries(pairs):
    batch = batch_of(pairs)
    front, back = batch.halves()
    assert abs(len(front) - len(back)) <= 1
    assert front.rows + back.rows == batch.rows
    assert sorted(front.entry_ids + back.entry_ids) == sorted(batch.entry_ids)
    last = dict(pairs)
    for half in (front, back):
        ids = {row.click_id for row in half.rows}
        assert {last[entry_id] for entry_id in half.entry_ids} <= ids
