"""Redis loses what it confirmed in its last second, as after a power cut; no click goes with it."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from redis import Redis

from app.links.link import Link, encode
from app.processes.child import wait_for
from app.stores.keys import link_key
from tests.support.redirect_servers import RedirectServer

LINK = Link(code="demo", target="https://target.example/", created_ms=1, updated_ms=1)
FEW = replace(LINK, code="few", click_limit=60)
BROWSER = b"Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
RESEND_SECONDS = 5.0
#: Longer than the buffer's time.
OUTAGE_SECONDS = 6.0


class World:
    """A Redis whose machine may lose power, a redirect, and the visitors it answered."""

    def __init__(self, redis, redirect: RedirectServer) -> None:
        self.redis = redis
        self.redirect = redirect
        self.visitors: list[int] = []
        self._synced = 0

    def visit(self, count: int) -> None:
        for _ in range(count):
            number = len(self.visitors)
            answer = self.redirect.exchange(
                b"GET /demo HTTP/1.1\r\nHost: a\r\nReferer: https://v.example/%d\r\n"
                b"Connection: close\r\n\r\n" % number
            )
            assert answer.startswith(b"HTTP/1.1 302"), answer
            self.visitors.append(number)
            time.sleep(0.005)

    def follow(self, code: bytes, count: int) -> int:
        """Have so many people follow a link, one after the other; return how many were let."""
        answers = [
            self.redirect.exchange(
                b"GET /%b HTTP/1.1\r\nHost: a\r\nUser-Agent: %b\r\nConnection: close\r\n\r\n"
                % (code, BROWSER)
            )
            for _ in range(count)
        ]
        return sum(answer.startswith(b"HTTP/1.1 302") for answer in answers)

    def sync(self) -> None:
        """Take what Redis has written so far for on disk, and nothing that comes later."""
        self._synced = self._log().stat().st_size

    def cut_power(self) -> None:
        # Else nothing may be there to be cut off.
        self.redis.finish_writing()
        self.redis.kill()
        with self._log().open("r+b") as file:
            assert file.seek(0, os.SEEK_END) > self._synced
            file.truncate(self._synced)

    def _log(self) -> Path:
        (path,) = (self.redis.directory / "appendonlydir").glob("appendonly.aof.*.incr.aof")
        return path

    def stored(self) -> set[int]:
        with Redis.from_url(self.redis.url) as client:
            entries = client.xrange("clicks:stream")
        return {int(fields[b"referer"].rpartition(b"/")[2]) for _, fields in entries}

    def assert_all_are_stored(self) -> None:
        assert wait_for(lambda: self.stored() == set(self.visitors), 60), sorted(
            set(self.visitors) - self.stored()
        )


@pytest.fixture
def world(valkey_server, tmp_path) -> Iterator[World]:
    with ExitStack() as stack:
        redis = valkey_server()
        with Redis.from_url(redis.url) as client:
            for link in (LINK, FEW):
                client.set(link_key(link.code), encode(link))
        redirect = RedirectServer(
            tmp_path / "redirect",
            redis.url,
            resend_seconds=RESEND_SECONDS,
            redirect_workers=2,
        )
        made = World(redis, stack.enter_context(redirect))
        made.visit(20)
        made.sync()
        made.visit(50)
        yield made


def test_a_long_outage_loses_no_click_of_the_lost_second(world):
    world.cut_power()
    time.sleep(OUTAGE_SECONDS)
    world.redis.start()
    world.assert_all_are_stored()


def test_a_redirect_stopped_during_the_outage_loses_none(world):
    world.cut_power()
    time.sleep(OUTAGE_SECONDS)
    world.redirect.stop()
    world.redis.start()
    world.redirect.start()
    world.assert_all_are_stored()


def test_a_redirect_stopped_just_before_the_power_went_loses_none(world):
    world.redirect.stop()
    world.cut_power()
    world.redis.start()
    world.redirect.start()
    world.assert_all_are_stored()


def test_a_redis_whose_disk_took_nothing_for_long_before_it_died_loses_none(world):
    (world.redis.directory / "dump.rdb").unlink(missing_ok=True)
    (world.redis.directory / "dump.rdb").mkdir()
    with Redis.from_url(world.redis.url) as client:
        client.config_set("stop-writes-on-bgsave-error", "no")
        client.config_set("save", "3600 1")
        client.bgsave()
        assert wait_for(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err", 60)
        world.sync()
        world.visit(10)
        client.config_set("stop-writes-on-bgsave-error", "yes")
        world.visit(20)
        assert client.info("errorstats")["errorstat_MISCONF"]["count"] > 0
    time.sleep(OUTAGE_SECONDS)
    world.cut_power()
    time.sleep(OUTAGE_SECONDS)
    world.redis.start()
    world.assert_all_are_stored()


def test_what_was_sent_again_and_lost_again_is_sent_once_more(world):
    for _ in range(2):
        world.cut_power()
        time.sleep(OUTAGE_SECONDS)
        world.redis.start()
        world.sync()
        assert wait_for(lambda: world.stored() == set(world.visitors), 60)
    world.cut_power()
    world.redis.start()
    world.assert_all_are_stored()


@pytest.mark.parametrize("outage_seconds", [0, OUTAGE_SECONDS])
def test_no_more_people_than_its_limit_follow_a_link_whose_last_uses_were_lost(
    world, outage_seconds
):
    let = world.follow(b"few", 15)
    world.sync()
    let += world.follow(b"few", 25)
    assert let == 40
    world.cut_power()
    time.sleep(outage_seconds)
    world.redis.start()

    def is_used_up() -> bool:
        nonlocal let
        let += world.follow(b"few", 10)
        return let >= FEW.click_limit

    assert wait_for(is_used_up, 60)
    assert let + world.follow(b"few", 20) == FEW.click_limit
