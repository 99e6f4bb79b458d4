"""Faults in which Redis answers and won't: full, paused, closed to us, or in the wrong part."""

import logging
import math
import time
from random import Random

from redis import Redis
from redis.exceptions import OutOfMemoryError

from app.stores.keys import visitor_salt_key
from loadtest.faults.injection import Done, Injection, Until
from tests.chaos.faults.fault import Steps, fault
from tests.chaos.faults.plan import REDIS_AWAY, UNHEARD
from tests.chaos.monitors.progress import Progress, waiting_entries
from tests.chaos.testbed.testbed import Testbed

logger = logging.getLogger(__name__)

_NOWHERE_PORT = 1
_PASSWORD = "somebody changed it"
#: What Redis may still take when visitors fill it by themselves.
_ROOM_BYTES = 8 << 20
#: Workers that have no more than this before them keep up.
_KEPT_UP_ENTRIES = 2_000
_CLOSED_SECONDS = 3.0
_HANGS_UP_SECONDS = (0.02, 0.4)
_PROBE_SECONDS = 0.5
_RENEW_SECONDS = 0.5
#: A full Redis stays so until all is done, and at least so long; then it has room for a moment.
_FULL_SECONDS = 4.0
_ROOM_SECONDS = 0.2


class _Full:
    """A Redis that refuses writes for want of memory (OOM), whichever server it is, until lifted.

    It has room for a moment whenever the workers have done all that there was, so that there is
    always something to do, and nobody who stops is helped by it.
    """

    def __init__(self, testbed: Testbed) -> None:
        self._testbed = testbed
        self._progress = Progress(testbed)
        self._full_since = self._next_at = 0.0
        self._rooms = 0
        self.renew()

    def renew(self) -> None:
        now = time.monotonic()
        if now < self._next_at:
            return
        has_room = self._has_been_emptied(now)
        _command(self._testbed, "CONFIG", "SET", "maxmemory", 0 if has_room else 1)
        self._full_since = 0.0 if has_room else self._full_since or now
        self._next_at = now + (_ROOM_SECONDS if has_room else _RENEW_SECONDS)
        self._rooms += has_room

    def _has_been_emptied(self, now: float) -> bool:
        """Tell whether it has been full for long enough, and the workers have nothing to do."""
        is_done = self._progress.look() == 0
        return is_done and 0.0 < self._full_since < now - _FULL_SECONDS

    def lift(self) -> bool:
        _command(self._testbed, "CONFIG", "SET", "maxmemory", 0)
        logger.info("a full redis was emptied and had room %d times", self._rooms)
        return True


def _fill_memory(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    return _Full(testbed)


class _Filling:
    """Visitors who fill a Redis of little memory by themselves.

    As long as workers keep up it has to stay open to others, e.g. to whoever changes a link.
    """

    def __init__(self, testbed: Testbed) -> None:
        self._testbed = testbed
        with testbed.redis() as client:
            used = client.info("memory")["used_memory"]
            client.config_set("maxmemory", used + _ROOM_BYTES)
        testbed.visit(crowd=1.5, hostile=0.6)
        self._closed_since = 0.0
        self._next_at = 0.0

    def renew(self) -> None:
        now = time.monotonic()
        if now < self._next_at:
            return
        self._next_at = now + _PROBE_SECONDS
        with self._testbed.redis() as client:
            if _takes_writes(client) or waiting_entries(self._testbed, client) > _KEPT_UP_ENTRIES:
                self._closed_since = 0.0
            else:
                self._closed_since = self._closed_since or now
        if self._closed_since and now - self._closed_since > _CLOSED_SECONDS:
            self._closed_since = math.inf
            self._testbed.complain("Redis was full of clicks that were processed, and stayed so")

    def lift(self) -> bool:
        self._testbed.visit()
        with self._testbed.redis() as client:
            client.config_set("maxmemory", 0)
        return True


def _takes_writes(client: Redis) -> bool:
    try:
        return bool(client.set("chaos:probe", "x" * 1000))
    except OutOfMemoryError:
        return False


def _fill_by_visitors(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    return _Filling(testbed)


def _demote(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """Have Redis refuse writes because it is a replica (READONLY), then promote it."""
    _command(testbed, "REPLICAOF", "127.0.0.1", _NOWHERE_PORT)
    return Until(lambda: _command(testbed, "REPLICAOF", "NO", "ONE"))


def _hang_up(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """Have Redis close the connections of all clients."""
    _command(testbed, "CLIENT", "KILL", "TYPE", "normal")
    return Done()


def _keep_hanging_up(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """Have Redis close all connections again and again, before much can be said over them."""
    again_at = 0.0

    def hang_up() -> None:
        nonlocal again_at
        if time.monotonic() >= again_at:
            again_at = time.monotonic() + random.uniform(*_HANGS_UP_SECONDS)
            _command(testbed, "CLIENT", "KILL", "TYPE", "normal")

    return Until(lambda: None, hang_up)


def _pause_writes(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """Have Redis answer no write for a while."""
    _command(testbed, "CLIENT", "PAUSE", int(hold_seconds * 1000), "WRITE")
    return Until(lambda: _command(testbed, "CLIENT", "UNPAUSE"))


def _change_password(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """Have Redis want a password that nobody knows, and hang up on everybody."""
    with testbed.redis() as client:
        client.config_set("requirepass", _PASSWORD)
        client.execute_command("CLIENT", "KILL", "TYPE", "normal")
    return Until(lambda: _forget_password(testbed))


def _forget_password(testbed: Testbed) -> None:
    with Redis.from_url(
        testbed.settings.redis_url, username="default", password=_PASSWORD, socket_timeout=3
    ) as client:
        client.config_set("requirepass", "")


def _take_right(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """Have Redis allow us no XADD."""
    _command(testbed, "ACL", "SETUSER", "default", "-xadd")
    return Until(lambda: _command(testbed, "ACL", "SETUSER", "default", "+@all"))


def _admit_nobody(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """Have Redis hang up on everybody, and take no new clients."""
    client = testbed.redis()
    client.config_set("maxclients", 1)
    client.execute_command("CLIENT", "KILL", "TYPE", "normal")

    def admit() -> None:
        client.config_set("maxclients", 10_000)
        client.close()

    return Until(admit)


def _kill_while_it_rewrites(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """kill -9 of Redis in the middle of a rewrite of its append-only file."""
    _command(testbed, "BGREWRITEAOF")
    at_seconds = random.uniform(0.0, 0.3)
    return Steps([(at_seconds, lambda: testbed.valkey.kill(down_seconds=hold_seconds / 2))])


def _keep_no_file(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """Have Redis write no append-only file for a while."""
    _command(testbed, "CONFIG", "SET", "appendonly", "no")
    return Until(lambda: _command(testbed, "CONFIG", "SET", "appendonly", "yes"))


def _add_poison(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """Have a strange producer add an entry that is no click; a full Redis takes it, too."""
    with testbed.redis() as client:
        bytes_now = client.config_get("maxmemory")["maxmemory"]
        client.config_set("maxmemory", 0)
        try:
            fields = {"short_code": "pulse", "timestamp": "yesterday"}
            client.xadd(testbed.pick_stream(random), fields)
        finally:
            client.config_set("maxmemory", bytes_now)
    return Done()


def _lose_salts(testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
    """Take away the secrets of the visitor ids, so that consumers have to make new ones."""
    with testbed.redis() as client:
        for key in client.scan_iter(visitor_salt_key("*")):
            client.delete(key)
    return Done()


def _command(testbed: Testbed, *words: object) -> None:
    with testbed.redis() as client:
        client.execute_command(*words)


_AWAY = (REDIS_AWAY, UNHEARD)

FAULTS = (
    fault("redis out of memory", "memory", (0.5, 4.0), _fill_memory, REDIS_AWAY),
    fault("redis out of memory for long", "memory", (20.0, 45.0), _fill_memory, REDIS_AWAY),
    fault(
        "redis filled by visitors",
        "memory redis visitors",
        (10.0, 16.0),
        _fill_by_visitors,
        REDIS_AWAY,
    ),
    fault("redis demoted to a replica", "redis", (0.5, 4.0), _demote, *_AWAY),
    fault("redis hung up on everybody", "redis", (0.0, 0.5), _hang_up, *_AWAY),
    fault("redis kept hanging up", "redis", (3.0, 12.0), _keep_hanging_up, *_AWAY),
    fault("redis paused writes", "redis", (1.0, 8.0), _pause_writes, *_AWAY),
    fault("redis wanted a password", "redis", (1.0, 5.0), _change_password, *_AWAY),
    fault("redis allowed no clicks", "redis", (1.0, 5.0), _take_right, *_AWAY),
    fault("redis took no clients", "redis", (1.0, 5.0), _admit_nobody, *_AWAY),
    fault(
        "redis killed while it rewrote its file",
        "redis",
        (1.0, 6.0),
        _kill_while_it_rewrites,
        *_AWAY,
    ),
    fault("redis kept no file", "redis", (0.5, 3.0), _keep_no_file),
    fault("salts lost", "salts", (0.0, 0.5), _lose_salts),
    fault("poison added", "poison", (0.0, 0.5), _add_poison),
)
