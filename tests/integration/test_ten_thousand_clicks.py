"""The promise, end to end: each answered click is counted once, whatever is killed meanwhile."""

import http.client
import itertools
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
import redis

from app.local.demo_visits import Crowd
from app.stores.clickhouse.connection import connect
from tests.support.up_process import Up

CLICKS = 10_000
THREADS = 4
COUNTED_SECONDS = 60


def send_clicks(up: Up, halfway: Callable[[], None] = lambda: None) -> int:
    """Send the clicks, calling ``halfway`` in the middle; return how many were answered 302."""
    numbers = itertools.count()
    called = threading.Event()

    def send(seed: int) -> int:
        crowd = Crowd(random.Random(seed))
        connection = http.client.HTTPConnection(up.bind, timeout=30)
        answered = 0
        while (number := next(numbers)) < CLICKS:
            if number >= CLICKS // 2 and not called.is_set():
                called.set()
                halfway()
            connection.request("GET", "/demo1", headers=crowd.visit().headers())
            answer = connection.getresponse()
            answer.read()
            answered += answer.status == 302
        connection.close()
        return answered

    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(send, range(THREADS)))


def running_setting(up: Up, name: str) -> str:
    lines = (up.data_dir / "running.env").read_text().splitlines()
    (value,) = (line.partition("=")[2] for line in lines if line.startswith(f"HOPLINE_{name}="))
    return value.strip("'\"")


def distinct_clicks(up: Up) -> int:
    with connect(running_setting(up, "CLICKHOUSE_URL"), timeout_seconds=10) as client:
        return int(client.execute("SELECT uniqExact(click_id) FROM clicks")[0][0])


def test_ten_thousand_clicks_are_ten_thousand_everywhere(running: Up) -> None:
    running.add_link("demo1")
    assert send_clicks(running) == CLICKS
    assert running.comes_to("demo1", CLICKS, COUNTED_SECONDS)
    assert distinct_clicks(running) == CLICKS
    with redis.Redis.from_url(running_setting(running, "REDIS_URL")) as client:
        assert client.xlen("clicks:stream") == CLICKS


@pytest.mark.parametrize("victim", ["consumer", "clickhouse_host", "valkey-server"])
def test_no_answered_click_is_missing_or_doubled_when_a_part_is_killed(
    running: Up, victim: str
) -> None:
    running.add_link("demo1")

    def kill() -> None:
        family = running.process.children(recursive=True)
        next(process for process in family if _is(process, victim)).kill()

    assert send_clicks(running, kill) == CLICKS
    assert running.comes_to("demo1", CLICKS, COUNTED_SECONDS)
    assert distinct_clicks(running) == CLICKS


def _is(process: psutil.Process, words: str) -> bool:
    return words in " ".join(process.cmdline())
