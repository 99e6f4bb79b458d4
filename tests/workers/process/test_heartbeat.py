import errno
import multiprocessing
import os
import signal
import time

import pytest

from workers.process.heartbeat import Heartbeat, Pulse, deadman, shared_heartbeat, sharing_refusal


@pytest.fixture
def now():
    return [100.0]


@pytest.fixture
def heartbeat():
    return Heartbeat()


@pytest.fixture
def pulse(heartbeat, now):
    return Pulse(heartbeat, lambda: now[0])


def test_nothing_beats_at_first(heartbeat):
    assert (heartbeat.at, heartbeat.is_resting, heartbeat.clicks) == (0.0, 0, 0)


def test_a_beat_says_when(pulse, heartbeat):
    pulse.beat()
    assert heartbeat.at == 100.0


def test_a_rest_is_seen_while_it_lasts_and_counted_afterwards(pulse, heartbeat, now):
    with pulse.resting():
        assert (heartbeat.at, heartbeat.is_resting) == (100.0, 1)
        now[0] = 103.0
    assert (heartbeat.at, heartbeat.is_resting, heartbeat.rested_seconds) == (103.0, 0, 3.0)


def test_a_rest_that_fails_ends_too(pulse, heartbeat):
    with pytest.raises(ZeroDivisionError), pulse.resting():
        raise ZeroDivisionError
    assert not heartbeat.is_resting


def test_inserted_clicks_add_up(pulse, heartbeat, now):
    pulse.note_inserted([1, 2, 3])
    now[0] = 101.0
    pulse.note_inserted([1, 2, 3, 4])
    assert (heartbeat.clicks, heartbeat.inserted_at) == (7, 101.0)


def beat_once(heartbeat: Heartbeat) -> None:
    Pulse(heartbeat).beat()


def test_a_spawned_process_writes_where_its_parent_reads():
    heartbeat = shared_heartbeat()
    process = multiprocessing.get_context("spawn").Process(target=beat_once, args=(heartbeat,))
    process.start()
    process.join(120)
    assert heartbeat.at > 0


def hang_after_a_beat() -> None:
    Pulse(Heartbeat(), arm=deadman(0.1)).beat()
    time.sleep(60)


def test_who_does_not_beat_again_is_ended_by_the_kernel():
    process = multiprocessing.get_context("spawn").Process(target=hang_after_a_beat)
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGALRM


def test_memory_that_can_not_be_shared_is_one_line(monkeypatch):
    def refuse(_type):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), "/dev/shm/pym-1-x")

    assert sharing_refusal() == ""
    monkeypatch.setattr("workers.process.heartbeat.RawValue", refuse)
    assert sharing_refusal() == (
        "can't share memory with consumers: /dev/shm/pym-1-x: Permission denied;"
        " every user has to be able to write to /dev/shm (chmod 1777 /dev/shm)"
    )
