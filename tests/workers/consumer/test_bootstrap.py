import multiprocessing
import re
import signal
import time

import psutil

from tests.support.worker_processes import Workers, wait_until
from workers.consumer.bootstrap import consumer_name, die_with


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
    process.join(30)
    assert process.exitcode == -signal.SIGTERM


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
        wait_until(lambda: workers.log.count("spawned consumer") == 2)
        pids = re.findall(r"as process (\d+)", workers.log)
        consumers = [psutil.Process(int(pid)) for pid in pids]
        workers.signal(signal.SIGKILL)
        workers.wait()
        assert psutil.wait_procs(consumers, timeout=30)[1] == []
