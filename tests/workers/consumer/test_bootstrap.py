import gc
import multiprocessing
import os
import re
import signal
import time

import psutil
import pytest

from tests.support.worker_processes import Workers, wait_until
from workers.consumer.bootstrap import consume, consumer_name, die_with
from workers.process.heartbeat import Pulse, shared_heartbeat
from workers.process.signals import Signals


def sleep_under(supervisor_pid: int) -> None:
    die_with(supervisor_pid)
    time.sleep(60)


def test_no_two_consumers_have_a_name_in_common():
    names = {consumer_name() for _ in range(100)}
    assert len(names) == 100
    assert not any(" " in name for name in names)


def test_who_comes_to_life_without_its_supervisor_ends():
    gone = 1
    process = multiprocessing.get_context("spawn").Process(target=sleep_under, args=(gone,))
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGTERM


@pytest.fixture
def without_garbage_collection():
    before = gc.get_threshold()
    gc.disable()
    yield
    gc.enable()
    gc.set_threshold(*before)


def test_garbage_is_looked_for_while_it_works(settings, without_garbage_collection):
    with Signals(signal.SIGTERM) as signals:
        os.kill(os.getpid(), signal.SIGTERM)
        consume(settings, consumer_name(), "", Pulse(shared_heartbeat()), signals)
    assert gc.isenabled()


def test_a_redis_that_is_frozen_keeps_a_consumer_waiting_no_longer_than_its_timeout(
    make_settings, valkey_server, tmp_path
):
    valkey = valkey_server()
    ten_minutes_ms = 600_000
    settings = make_settings(
        redis_url=valkey.url, redis_timeout_seconds=0.2, block_ms=ten_minutes_ms, consumers=1
    )
    valkey.signal(signal.SIGSTOP)
    with Workers(settings, tmp_path / "workers.log") as workers:
        wait_until(lambda: "waiting for it" in workers.log)


def test_consumers_do_not_outlive_a_supervisor_that_dies_while_they_boot(
    make_settings, redis_url, tmp_path
):
    settings = make_settings(redis_url=redis_url, consumers=2)
    with Workers(settings, tmp_path / "workers.log") as workers:
        wait_until(lambda: workers.log.count("spawned consumer") >= 2)
        pids = re.findall(r"as process (\d+)", workers.log)
        consumers = [psutil.Process(int(pid)) for pid in pids]
        workers.signal(signal.SIGKILL)
        workers.wait()
        assert psutil.wait_procs(consumers, timeout=120)[1] == []
