"""Reload, one more, one fewer, and what is said about it, as real processes."""

import os
import pty
import signal
import socket
import subprocess
import sys
import time

import pytest

from app.health.worker_status import WorkerStates
from app.stores.keys import ledger_key
from app.stores.redis.client import connect
from tests.support.metrics_scraper import Scraper
from tests.support.producers import STREAM, send_clicks
from tests.support.servers import environ_of
from tests.support.worker_processes import Workers, wait_until

GROUP = "analytics-group"


@pytest.fixture
def settings_file(tmp_path):
    """The file whose settings a reload reads again."""
    path = tmp_path / "workers.env"
    path.write_text("HOPLINE_CONSUMERS=2\n")
    return path


@pytest.fixture
def systemd(tmp_path, monkeypatch):
    """The socket of a systemd that has started the workers."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", listener.getsockname())
        monkeypatch.setenv("WATCHDOG_USEC", "2000000")
        yield listener


@pytest.fixture
def settings(make_settings, redis_url, clicks_url, settings_file):
    return make_settings(
        redis_url=redis_url,
        clickhouse_url=clicks_url,
        settings_file=settings_file,
        insert_seconds=0.2,
        block_ms=500,
    )


@pytest.fixture
def workers(settings, tmp_path):
    with Workers(settings, tmp_path / "workers.log") as started:
        wait_until(lambda: "all 2 consumers work" in started.log)
        yield started


@pytest.fixture
def states(redis_url):
    """A function that returns the states of the supervisors."""
    with connect(redis_url, timeout_seconds=30) as client:
        yield WorkerStates(client, redis_url, STREAM, GROUP).all


def pids(workers):
    return {process.pid for process in workers.consumers()}


def working(states) -> int:
    """Return how many consumers work, of the one supervisor that there is."""
    found = states()
    return sum(one.state in ("reading", "working") for one in found[0].consumers) if found else 0


def wait_for_words(systemd: socket.socket, *words: str) -> list[str]:
    """Return all that systemd is told until it is told these words."""
    told = []
    while not set(words) <= set(told):
        told += systemd.recv(4096).decode().split("\n")
    return told


def test_a_reload_replaces_one_after_the_other_and_loses_no_click(
    workers, settings_file, redis_url, count_clicks
):
    old = pids(workers)
    settings_file.write_text("HOPLINE_CONSUMERS=3\nHOPLINE_INSERT_SECONDS=0.1\n")
    workers.signal(signal.SIGHUP)
    sent = 0
    while "reloaded: every consumer has the new settings" not in workers.log:
        send_clicks(redis_url, 10)
        sent += 10
        assert len(workers.consumers()) >= 2
        time.sleep(0.05)
    wait_until(lambda: len(pids(workers) - old) == 3)
    wait_until(lambda: count_clicks() == (sent, sent))
    assert workers.log.count(" drained") == 2
    assert workers.stop() == 0


def test_a_reload_changes_where_the_supervisor_looks(
    settings, settings_file, redis, free_port, tmp_path
):
    port = free_port()
    settings = settings.model_copy(update={"workers_metrics_bind": f"127.0.0.1:{port}"})
    with Workers(settings, tmp_path / "workers.log") as workers:
        wait_until(lambda: "all 2 consumers work" in workers.log)
        shown = Scraper(port).sum
        assert shown("hopline_stream_maxlen") == settings.stream_maxlen
        settings_file.write_text("HOPLINE_STREAM_MAXLEN=4321\nHOPLINE_STREAM=clicks:other\n")
        workers.signal(signal.SIGHUP)
        wait_until(lambda: shown("hopline_stream_maxlen") == 4321)
        wait_until(lambda: redis.exists(ledger_key("clicks:other", GROUP)))
        assert workers.stop() == 0


def test_settings_that_make_no_sense_change_nothing(workers, settings_file, tmp_path):
    old = pids(workers)
    for count, (given, said) in enumerate(
        (
            ("HOPLINE_CONSUMERS=many\n", "HOPLINE_CONSUMERS='many'"),
            (
                "HOPLINE_STREAM_SHARDS=4\nHOPLINE_CONSUMERS=4\n",
                "needs HOPLINE_CONSUMERS=5 at least",
            ),
        ),
        start=1,
    ):
        settings_file.write_text(given)
        workers.signal(signal.SIGHUP)
        wait_until(lambda count=count: workers.log.count("going on with the old settings") == count)
        assert said in workers.log
        assert pids(workers) == old
    # Nor do those with which no consumer can begin.
    database = tmp_path / "country.mmdb"
    database.write_text("not a database")
    settings_file.write_text(f"HOPLINE_CONSUMERS=2\nHOPLINE_GEOIP_PATH={database}\n")
    workers.signal(signal.SIGHUP)
    wait_until(lambda: "going on with the old ones" in workers.log)
    assert pids(workers) == old
    assert workers.stop() == 0


def test_one_more_and_one_fewer(workers, states):
    first, second = sorted(pids(workers))
    workers.signal(signal.SIGTTIN)
    wait_until(lambda: working(states) == 3)
    workers.signal(signal.SIGTTOU)
    wait_until(lambda: len(workers.consumers()) == 2)
    workers.signal(signal.SIGTTOU)
    wait_until(lambda: len(workers.consumers()) == 1)
    assert pids(workers) <= {first, second}
    wait_until(lambda: states()[0].wanted == 1)
    assert workers.log.count("drained") == 2
    assert workers.stop() == 0


def test_the_state_is_logged_when_asked_for(workers, redis_url, count_clicks):
    send_clicks(redis_url, 100)
    wait_until(lambda: count_clicks() == (100, 100))
    workers.signal(signal.SIGUSR1)
    wait_until(lambda: "2 of 2 consumers work" in workers.log)
    wait_until(lambda: "consumer 2, process" in workers.log)
    assert "last insert" in workers.log


def test_signals_to_the_whole_group_reach_consumers_without_harm(workers):
    old = workers.consumers()
    for consumer in old:
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGTTIN, signal.SIGTTOU):
            consumer.send_signal(number)
    workers.signal(signal.SIGUSR1)
    wait_until(lambda: "2 of 2 consumers work" in workers.log)
    assert pids(workers) == {consumer.pid for consumer in old}


def test_anybody_can_see_how_they_fare(workers, states, redis_url, count_clicks):
    send_clicks(redis_url, 100)
    wait_until(lambda: count_clicks() == (100, 100))
    wait_until(states)
    wait_until(lambda: sum(one.clicks for one in states()[0].consumers) == 100)
    wait_until(lambda: (states()[0].lag, states()[0].pending) == (0, 0))
    (state,) = states()
    assert (state.pid, state.state, state.wanted) == (workers.pid, "running", 2)
    assert {one.pid for one in state.consumers} == pids(workers)
    assert all(one.memory_bytes > 1e7 for one in state.consumers)
    assert workers.stop() == 0
    assert states() == []


def test_systemd_hears_of_every_change(systemd, settings, settings_file, tmp_path):
    with Workers(settings, tmp_path / "workers.log") as workers:
        told = wait_for_words(systemd, "READY=1", "WATCHDOG=1")
        assert any(words.startswith("STATUS=starting") for words in told)
        settings_file.write_text("HOPLINE_CONSUMERS=1\n")
        asked_at = time.monotonic_ns() // 1000
        workers.signal(signal.SIGHUP)
        told = wait_for_words(systemd, "RELOADING=1", "READY=1")
        (stamp,) = [words for words in told if words.startswith("MONOTONIC_USEC=")]
        assert int(stamp.partition("=")[2]) >= asked_at
        workers.signal(signal.SIGTERM)
        wait_for_words(systemd, "STOPPING=1")
        assert workers.wait() == 0


def test_a_terminal_that_hangs_up_means_stop(settings, tmp_path):
    ours, theirs = pty.openpty()
    environ = environ_of(
        redis_url=settings.redis_url,
        clickhouse_url=settings.clickhouse_url,
        consumers=1,
        data_dir=tmp_path,
        workers_metrics_bind="off",
    )
    with subprocess.Popen(
        [sys.executable, "-m", "workers"], env=environ, stdin=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        seen = b""
        while b"reads from" not in seen:
            seen += os.read(ours, 4096)
        os.close(ours)
        process.send_signal(signal.SIGHUP)
        # 120 is Python's own, where its last words reach nobody any more.
        assert process.wait(120) in (0, 120)
