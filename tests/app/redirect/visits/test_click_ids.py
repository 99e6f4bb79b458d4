from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from app.metrics.redirect import RedirectMetrics
from app.redirect.visits.click_ids import MAX_AGE_MS, MAX_AHEAD_MS, VisitIds, id_ms

NOW_MS = 1_800_000_000_123
PROXY = "10.0.0.1"
NAMED = {
    "request_id": b"b31ca9e11f78a5b583af26124e3de262",
    "started": b"t=1800000000.100",
    "code": b"demo1",
    "address": b"203.0.113.7",
    "user_agent": b"Browser",
}

texts = st.binary(min_size=1, max_size=128).filter(lambda text: b"\n" not in text)
times_ms = st.integers(NOW_MS - MAX_AGE_MS, NOW_MS + MAX_AHEAD_MS)
visits = st.fixed_dictionaries(
    {
        "request_id": texts,
        "started": times_ms.map(lambda ms: b"t=%d.%03d" % divmod(ms, 1000)),
        "code": texts,
        "address": texts,
        "user_agent": texts,
    }
)


def ids(trusted=("10.0.0.0/8",)):
    return VisitIds(trusted)


def digits_of(named=NAMED, *, by=None, now_ms=NOW_MS, peer=PROXY, **other):
    return (by or ids()).of(now_ms, peer, **{**named, **other})


@given(visits, times_ms)
def test_every_try_of_a_visit_has_the_same_id(visit, later_ms) -> None:
    assume(-MAX_AHEAD_MS <= later_ms - id_ms(digits_of(visit)) <= MAX_AGE_MS)
    assert digits_of(visit) == digits_of(visit, now_ms=later_ms)


@given(visits, visits, st.sampled_from(sorted(NAMED)))
def test_visits_that_differ_in_anything_have_ids_that_differ(one, other, name) -> None:
    assume(one[name] != other[name])
    assert digits_of(one) != digits_of({**one, name: other[name]})


@given(visits)
def test_the_id_is_a_uuid_of_version_7_with_the_proxys_milliseconds(visit) -> None:
    digits = digits_of(visit)
    told = UUID(digits.decode())
    assert (told.version, told.variant) == (7, "specified in RFC 4122")
    assert b"t=%d.%03d" % divmod(id_ms(digits), 1000) == visit["started"]


@given(texts, texts)
def test_no_text_can_pass_for_two(first, second) -> None:
    """What one field ends with is not what the next begins with."""
    moved = {"code": first + second, "address": b""}
    assert digits_of(code=first, address=second) != digits_of(**moved)


@pytest.mark.parametrize(
    "started",
    [b"t=1800000000.100", b"1800000000.100", b"1800000000100", b"t=1800000000100",
     b"t=1800000000.100999", b"1800000000100999", b"t=1800000000100999888"],
)  # fmt: skip
def test_the_time_may_be_written_as_proxies_write_it(started: bytes) -> None:
    assert digits_of(started=started) == digits_of()


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"started": b"now"}, "malformed"),
        ({"started": b"t=1800000000"}, "malformed"),
        ({"started": b"t=18000000001.5"}, "malformed"),
        ({"started": b"t=-1800000000.100"}, "malformed"),
        ({"started": b"t=1800000000.100, t=1800000000.100"}, "malformed"),
        ({"started": "t=١٨٠٠٠٠٠٠٠٠.100".encode()}, "malformed"),
        ({"request_id": b"x" * 129}, "malformed"),
        ({"now_ms": NOW_MS + MAX_AGE_MS}, "time"),
        ({"now_ms": NOW_MS - MAX_AHEAD_MS - 100}, "time"),
    ],
)
def test_what_names_no_visit_is_counted_and_makes_two_of_two(other, reason) -> None:
    registry = CollectorRegistry()
    by = VisitIds(("10.0.0.0/8",), RedirectMetrics(registry).visits_misnamed)
    first, second = digits_of(by=by, **other), digits_of(by=by, **other)
    assert first != second
    assert id_ms(first) == other.get("now_ms", NOW_MS)
    counted = registry.get_sample_value("hopline_visits_misnamed_total", {"reason": reason})
    assert counted == 2


@pytest.mark.parametrize(
    ("trusted", "peer"),
    [((), PROXY), ((), ""), (("10.0.0.0/8",), "192.0.2.1"), (("unix:",), PROXY)],
)
def test_nobody_else_can_name_a_visit(trusted, peer) -> None:
    by = ids(trusted)
    assert digits_of(by=by, peer=peer) != digits_of(by=by, peer=peer)


def test_whoever_can_connect_to_the_unix_socket_can() -> None:
    assert digits_of(by=ids(("unix:",)), peer="") == digits_of()


@pytest.mark.parametrize("absent", ["request_id", "started"])
def test_half_a_name_is_none(absent: str) -> None:
    registry = CollectorRegistry()
    by = VisitIds(("10.0.0.0/8",), RedirectMetrics(registry).visits_misnamed)
    assert digits_of(by=by, **{absent: b""}) != digits_of(by=by, **{absent: b""})
    names = [registry.get_sample_value("hopline_visits_misnamed_total", {"reason": reason})
             for reason in ("malformed", "time")]  # fmt: skip
    assert names == [0, 0]
