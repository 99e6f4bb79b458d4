import signal

import pytest

from app.config.settings import Settings
from app.local.stack import DoorOpen, LoadingWatch, StopRequests, require_door
from app.stores.redis.loading import Loading
from tests.support.redirect.fakes import FakeClock


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_requests_are_counted_and_do_nothing_else(number):
    with StopRequests() as stop:
        assert stop.count == 0
        for expected in (1, 2):
            signal.raise_signal(number)
            assert stop.count == expected


def test_signals_mean_afterwards_what_they_meant_before():
    before = signal.getsignal(signal.SIGTERM)
    with StopRequests():
        pass
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_console_that_others_reach_takes_a_key_or_a_token():
    others = Settings(console_bind="0.0.0.0:8081")
    with pytest.raises(DoorOpen, match="run `hopline keys add` while `hopline up` runs"):
        require_door(others, lambda: False)
    require_door(others, lambda: True)
    require_door(Settings(console_bind="127.0.0.1:8081"), lambda: False)
    token = "sixteen-characters-and-more"
    require_door(Settings(console_bind="0.0.0.0:8081", console_token=token), lambda: False)


def loading(loaded_bytes: int, percent: float) -> Loading:
    return Loading("Valkey", loaded_bytes, percent, left_seconds=0)


def test_the_limit_counts_from_the_last_progress_and_a_person_is_told_now_and_then():
    clock, said = FakeClock(), []
    answers = [None, loading(5, 1), loading(6, 1), loading(50, 10), loading(50, 10), None]
    watch = LoadingWatch(lambda: answers.pop(0), said.append, clock)
    waited = []
    for _ in range(6):
        clock.now += 4
        waited.append(watch.seconds_without_progress())
    assert waited == [4, 0, 0, 0, 4, 8]
    assert said == ["Valkey is loading its data, 1 %", "Valkey is loading its data, 10 %"]


def test_it_is_not_asked_all_the_time():
    clock, asked = FakeClock(), []
    watch = LoadingWatch(lambda: asked.append(1), print, clock)
    for _ in range(10):
        watch.seconds_without_progress()
        clock.now += 0.05
    assert len(asked) == 1
