import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.consumer.liveness import Liveness, longest_silence_seconds
from workers.process.heartbeat import Heartbeat

LOOK_SECONDS = 2.0


@pytest.fixture
def now():
    return [1000.0]


@pytest.fixture
def liveness(now):
    return Liveness(LOOK_SECONDS, lambda: now[0])


def test_a_consumer_that_beats_is_not_silent(liveness, now):
    for _ in range(10):
        now[0] += 1
        assert liveness.look(Heartbeat(at=now[0])) == 0


def test_silence_adds_up_from_look_to_look(liveness, now):
    heartbeat = Heartbeat(at=1000.0)
    liveness.look(heartbeat)
    for seconds in (1.0, 2.0, 3.0):
        now[0] += 1
        assert liveness.look(heartbeat) == seconds


def test_the_time_before_the_first_beat_counts(liveness, now):
    now[0] += 1.5
    assert liveness.look(Heartbeat()) == 1.5


def test_a_supervisor_that_did_not_look_itself_does_not_count_that_time(liveness, now):
    heartbeat = Heartbeat(at=1000.0)
    liveness.look(heartbeat)
    now[0] += 3600
    assert liveness.look(heartbeat) == LOOK_SECONDS


@given(st.lists(st.tuples(st.floats(0, 1e6), st.booleans()), max_size=30))
def test_silence_is_never_more_than_passed_since_the_last_beat(steps):
    now = [1.0]
    heartbeat = Heartbeat(at=1.0)
    liveness = Liveness(LOOK_SECONDS, lambda: now[0])
    liveness.look(heartbeat)
    for seconds, beats in steps:
        now[0] += seconds
        if beats:
            heartbeat.at = now[0]
        assert 0 <= liveness.look(heartbeat) <= now[0] - heartbeat.at + 1e-6


def test_each_kind_of_silence_has_its_bound(make_settings):
    settings = make_settings(
        block_ms=3000, redis_timeout_seconds=2.0, clickhouse_timeout_seconds=30.0
    )
    assert longest_silence_seconds(Heartbeat(), settings) == 68.0
    assert longest_silence_seconds(Heartbeat(at=1.0, is_resting=1), settings) == 16.0
    # Three calls to ClickHouse of 5 + 5 + 30, Redis 8, waits 20, margin 5.
    assert longest_silence_seconds(Heartbeat(at=1.0), settings) == 153.0


def test_a_shorter_timeout_than_a_connection_s_counts_for_all_of_a_call(make_settings):
    settings = make_settings(redis_timeout_seconds=1.0, clickhouse_timeout_seconds=2.0)
    assert longest_silence_seconds(Heartbeat(at=1.0), settings) == 18.0 + 4.0 + 25.0
