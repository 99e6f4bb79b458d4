"""HOPLINE_CONFIRM=replica: what was answered outlives the master and the redirect at once."""

import os
import re
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from redis import Redis

from app.links.link import Link, encode
from app.redirect.spool.location import NAME
from app.stores.clickhouse.connection import connect
from app.stores.keys import link_key
from tests.support.producers import STREAM
from tests.support.redirect.replication import ReplicatedRedis
from tests.support.redirect_servers import RedirectServer
from tests.support.worker_processes import Workers, wait_until

LINK = Link(code="demo", target="https://target.example/", created_ms=1, updated_ms=1)
BROWSER = b"Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
_NUMBER = re.compile(rb"https://v\.example/([0-9]+)\r")


class Visitors:
    """People who follow the link one after the other, each known by a number."""

    def __init__(self, redirect: RedirectServer) -> None:
        self._redirect = redirect
        self.answered: set[int] = set()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._come)

    def visit(self, count: int) -> None:
        for _ in range(count):
            self._visit(len(self.answered))

    def come(self) -> None:
        """Have them come until the redirect is gone or :meth:`end` is called."""
        self._thread.start()

    def end(self) -> None:
        self._is_over.set()
        self._thread.join()

    def _come(self) -> None:
        try:
            while not self._is_over.is_set():
                self._visit(len(self.answered))
        except OSError:
            return

    def _visit(self, number: int) -> None:
        answer = self._redirect.exchange(
            b"GET /demo HTTP/1.1\r\nHost: a\r\nUser-Agent: %b\r\nReferer: https://v.example/%d\r\n"
            b"Connection: close\r\n\r\n" % (BROWSER, number)
        )
        if answer.startswith(b"HTTP/1.1 302"):
            self.answered.add(number)


class World:
    """A master with a replica, a redirect over the master, and its visitors."""

    def __init__(self, redis: ReplicatedRedis, redirect: RedirectServer) -> None:
        self.redis = redis
        self.redirect = redirect
        self.visitors = Visitors(redirect)

    def kill_both(self) -> None:
        for pid in (self.redis.master.pid, *self.redirect.workers(), self.redirect.pid):
            os.kill(pid, signal.SIGKILL)
        self.redis.master.kill()
        self.redirect.kill()

    def on_replica(self) -> set[int]:
        # Its disk may keep it longer than the 5 s that are redis-py's default.
        with Redis.from_url(self.redis.replica.url, socket_timeout=60) as client:
            entries = client.xrange(STREAM)
        return {int(fields[b"referer"].rpartition(b"/")[2]) for _, fields in entries}

    def in_spool(self) -> set[int]:
        path = self.redirect.directory / "spool" / NAME
        if not path.exists():
            return set()
        with closing(sqlite3.connect(path)) as database:
            # The redirect may have been killed while it made the file.
            if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'clicks'").fetchone():
                return set()
            rows = database.execute("SELECT command FROM clicks").fetchall()
        return {int(number) for (command,) in rows for number in _NUMBER.findall(command)}


@pytest.fixture
def redis(valkey_server) -> Iterator[ReplicatedRedis]:
    with ReplicatedRedis(valkey_server(), valkey_server()) as started:
        with Redis.from_url(started.master.url) as client:
            client.set(link_key(LINK.code), encode(LINK))
        started.follow()
        yield started


@pytest.fixture
def make_world(redis, tmp_path) -> Iterator[object]:
    worlds: list[World] = []

    def make(confirm: str) -> World:
        # The tests share their machine with others; a late reply is not what this is about.
        budgets = {"record_budget_ms": 200, "lookup_budget_ms": 200}
        redirect = RedirectServer(
            tmp_path / "redirect", redis.master.url, confirm=confirm, **budgets
        )
        redirect.__enter__()
        worlds.append(World(redis, redirect))
        return worlds[-1]

    yield make
    for world in worlds:
        world.redirect.kill()


def lost_when_both_are_killed(world: World) -> set[int]:
    """Kill master and redirect while people come and the replica hears nothing any more."""
    world.visitors.visit(20)
    world.visitors.come()
    wait_until(lambda: len(world.visitors.answered) >= 40)
    world.redis.network.stall()
    stalled_at = len(world.visitors.answered)
    wait_until(lambda: len(world.visitors.answered) >= stalled_at + 20)
    world.kill_both()
    world.visitors.end()
    return world.visitors.answered - world.on_replica() - world.in_spool()


def test_killed_with_the_master_a_redirect_that_waits_for_a_replica_loses_no_click(make_world):
    world = make_world("replica")
    assert lost_when_both_are_killed(world) == set()
    assert world.on_replica()


def test_killed_with_the_master_one_that_does_not_loses_what_no_replica_has(make_world):
    assert lost_when_both_are_killed(make_world("master"))


def test_clicks_wait_in_the_spool_while_no_replica_is_there_and_are_stored_once(
    make_world, clickhouse, make_settings, tmp_path
):
    world = make_world("replica")
    world.visitors.visit(20)
    world.redis.part()
    world.visitors.visit(20)
    # Some of the first may have been late, and leave the spool again.
    wait_until(lambda: len(world.in_spool()) == len(world.on_replica()) == 20)
    world.redis.follow()
    wait_until(lambda: world.on_replica() == set(range(40)) and not world.in_spool())
    url = clickhouse.url("hopline")
    settings = make_settings(
        redis_url=world.redis.master.url, clickhouse_url=url, consumers=1, insert_seconds=0.2
    )
    query = "SELECT uniqExact(click_id), count() FROM clicks FINAL"
    with Workers(settings, tmp_path / "workers.log"), connect(url, timeout_seconds=30) as client:
        wait_until(lambda: client.execute(query) == [(40, 40)], 60)
