"""Layouts: what they say of a click's shard, asked of a real server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.schema.layout import Layout, distributed

HOUR_MS = 3_600_000
ONE = Layout(("01",))

_names = st.lists(st.text(min_size=1), min_size=1, max_size=5, unique=True).map(tuple)
_spans = st.lists(st.tuples(st.integers(0, 1 << 52), st.integers(1, 5)), max_size=3).map(tuple)


def places(server, layout):
    """Return the shards of clicks of ten hours, twenty each."""
    query = (
        f"SELECT toUInt8({layout.expression}) FROM (SELECT"
        " fromUnixTimestamp64Milli(toInt64(intDiv(number, 20) * 3600000), 'UTC') AS time,"
        " toFixedString(toString(number), 16) AS click_id FROM numbers(200)) ORDER BY click_id"
    )
    return [place for (place,) in server.execute(query)]


def of_hours(server, layout, first, end):
    query = (
        f"SELECT toUInt8({layout.expression}) FROM (SELECT"
        f" fromUnixTimestamp64Milli(toInt64({first} * 3600000 + number), 'UTC') AS time,"
        f" toFixedString(toString(number), 16) AS click_id"
        f" FROM numbers({(end - first) * HOUR_MS}) WHERE number % 60000 = 0)"
    )
    return {place for (place,) in server.execute(query)}


@given(_names, _spans)
def test_a_layout_comes_back_from_its_text(names, before):
    layout = Layout(names, before)
    assert Layout.from_text(layout.to_text()) == layout


@pytest.mark.parametrize("text", ["", "x", "{}", "[]", '{"shards":["01"],"before":[1]}'])
def test_another_text_is_no_layout(text):
    with pytest.raises(ValueError, match="no layout of shards"):
        Layout.from_text(text)


def test_clicks_of_before_stay_and_those_of_after_are_on_all_shards(shared_clickhouse):
    two = ONE.grown(("01", "02"), 4 * HOUR_MS)
    three = two.grown(("01", "02", "03"), 8 * HOUR_MS)
    assert (two.since_ms, three.since_ms) == (4 * HOUR_MS, 8 * HOUR_MS)
    assert of_hours(shared_clickhouse, three, 0, 4) == {0}
    assert of_hours(shared_clickhouse, three, 4, 8) == {0, 1}
    assert of_hours(shared_clickhouse, three, 8, 10) == {0, 1, 2}


def test_no_click_of_before_changes_its_shard(shared_clickhouse):
    two = Layout(("01", "02"))
    later = two.grown(("01", "02", "03"), 10 * HOUR_MS)
    assert places(shared_clickhouse, later) == places(shared_clickhouse, two)
    assert set(places(shared_clickhouse, two)) == {0, 1}


def test_the_number_of_shards_is_that_of_the_layout_not_of_the_cluster():
    text = distributed("clicks", "clicks", "clicks_local", "hop", Layout(("01", "02")))
    assert text.startswith("CREATE TABLE IF NOT EXISTS clicks AS clicks_local ENGINE = Distributed")
    assert "('hop', currentDatabase(), clicks_local, sipHash64(click_id) % 2)" in text


def test_a_macro_with_a_quote_is_kept_as_text():
    assert r"COMMENT '{\"shards\"".replace("\\", "") in distributed("t", "t", "t", "hop", ONE)
    assert r"[\"it\'s\"]".replace('\\"', '"') in distributed("t", "t", "t", "c", Layout(("it's",)))
