import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram

from app.metrics.snapshot import (
    BadSnapshot,
    Family,
    Snapshot,
    decode,
    encode,
    lasting,
    merged,
    take,
)
from app.metrics.types import Gauge

_names = st.sampled_from(["hopline_a", "hopline_b"])
_labels = st.lists(st.tuples(st.sampled_from("xy"), st.text(max_size=3)), max_size=2, unique=True)
_families = st.builds(
    Family,
    _names,
    st.sampled_from(["counter", "gauge"]),
    st.text(max_size=5),
    st.sampled_from(["sum", "max", "min"]),
    st.dictionaries(
        st.tuples(_names, _labels.map(tuple)), st.integers(0, 1 << 40).map(float), max_size=3
    ),
)
_snapshots = st.lists(_families, max_size=3).map(lambda all_: {one.name: one for one in all_})


def _registry(count: int, depth: float) -> CollectorRegistry:
    registry = CollectorRegistry()
    reasons = Counter("hopline_lost", "Lost.", ["reason"], registry=registry)
    reasons.labels("away").inc(count)
    reasons.labels("full")
    Gauge("hopline_depth", "Depth.", registry=registry).set(depth)
    Gauge("hopline_spool_bytes", "Size.", registry=registry, merge="max").set(depth)
    Gauge("hopline_well", "Well.", registry=registry, merge="min").set(depth)
    Histogram("hopline_seconds", "Time.", buckets=(1, 2), registry=registry).observe(depth)
    return registry


def _values(snapshot: Snapshot) -> dict[str, float]:
    return {
        name + "".join(f"[{value}]" for _, value in labels): value
        for family in snapshot.values()
        for (name, labels), value in family.values.items()
    }


def test_counters_and_buckets_add_up_and_gauges_merge_as_they_say() -> None:
    assert _values(merged([take(_registry(3, 1.0)), take(_registry(4, 2.0))])) == {
        "hopline_lost_total[away]": 7.0,
        "hopline_lost_total[full]": 0.0,
        "hopline_depth": 3.0,
        "hopline_spool_bytes": 2.0,
        "hopline_well": 1.0,
        "hopline_seconds_bucket[1.0]": 1.0,
        "hopline_seconds_bucket[2.0]": 2.0,
        "hopline_seconds_bucket[+Inf]": 2.0,
        "hopline_seconds_count": 2.0,
        "hopline_seconds_sum": 3.0,
    }


def test_gauges_do_not_outlive_their_process() -> None:
    assert set(lasting(take(_registry(3, 1.0)))) == {"hopline_lost", "hopline_seconds"}


@given(_snapshots)
def test_a_stored_snapshot_is_read_as_it_was(snapshot: Snapshot) -> None:
    assert decode(encode(snapshot)) == snapshot


@pytest.mark.parametrize(
    "stored", [b"", b"[", b"{}x", b"[1]", b"[[1,2]]", b'[["a","b","c","d",7]]']
)
def test_other_bytes_are_refused(stored: bytes) -> None:
    with pytest.raises(BadSnapshot):
        decode(stored)


def test_a_metric_that_one_process_has_not_is_the_others() -> None:
    registry = CollectorRegistry()
    Counter("hopline_new", "New.", registry=registry).inc(2)
    assert _values(merged([{}, take(registry)])) == {"hopline_new_total": 2.0}


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan"), 5e-324])
def test_a_value_that_json_has_no_number_for_takes_no_other_along(value: float) -> None:
    snapshot = take(_registry(3, 1.0))
    family = snapshot["hopline_depth"]
    snapshot["hopline_depth"] = family._replace(values=dict.fromkeys(family.values, value))
    read = decode(encode(snapshot))
    assert str(_values(read)["hopline_depth"]) == str(value)
    assert _values(read)["hopline_lost_total[away]"] == 3
