import socket
from collections.abc import Iterator

import gevent
import pytest
from prometheus_client import CollectorRegistry
from redis import Redis

from app.metrics.redirect import RedirectMetrics
from app.redirect.redis.replica_wait import NoReplica, ReplicaWait
from app.redirect.redis.replicated_pipeline import ReplicatedPipeline, WaitingWriteBuffer
from app.redirect.redis.replies import PipelineBroken
from app.redirect.redis.resp import encode_command
from app.stores.redis.address import parse_url
from tests.support.redirect.pipelines import task_failures
from tests.support.redirect.replication import ReplicatedRedis
from tests.support.redirect.waiting import wait_until

STREAM = "clicks:stream"
#: Long enough for a replica on a crowded machine.
PATIENT_MS = 1_000


def click(name: str) -> bytes:
    return encode_command(b"XADD", STREAM.encode(), b"*", b"name", name.encode())


def names_on(port: int) -> list[str]:
    with Redis(port=port, decode_responses=True) as client:
        return [fields["name"] for _, fields in client.xrange(STREAM)]


class World:
    """A pipeline over a master with a replica, and what its clicks were told."""

    def __init__(self, redis: ReplicatedRedis, wait_ms: int) -> None:
        self.redis = redis
        self.told: dict[str, list[object]] = {}
        self.registry = CollectorRegistry()
        self.pipeline = ReplicatedPipeline(
            lambda: parse_url(redis.master.url),
            name="test",
            timeout_seconds=5.0,
            task_failures=task_failures(),
            wait_ms=wait_ms,
            metrics=RedirectMetrics(self.registry),
        )
        self.pipeline.start()
        assert self.pipeline.connected.wait(60)

    def click(self, *names: str) -> None:
        for name in names:
            self.pipeline.submit_click(click(name), self.told.setdefault(name, []).append)

    def outcome(self, name: str) -> list[object]:
        return [each if isinstance(each, bytes) else type(each) for each in self.told[name]]

    def waits_in_vain(self) -> float:
        return self.registry.get_sample_value("hopline_replica_waits_in_vain_total") or 0

    def is_taking(self) -> bool:
        try:
            self.click("probe")
        except NoReplica:
            return False
        return True


@pytest.fixture
def redis(any_redis_server) -> Iterator[ReplicatedRedis]:
    with ReplicatedRedis(any_redis_server(), any_redis_server()) as started:
        yield started


@pytest.fixture
def make_world(redis) -> Iterator[object]:
    worlds: list[World] = []

    def make(wait_ms: int = PATIENT_MS) -> World:
        worlds.append(World(redis, wait_ms))
        return worlds[-1]

    yield make
    for world in worlds:
        world.pipeline.close(0)


def test_a_click_is_confirmed_once_the_replica_has_it(redis, make_world):
    redis.follow()
    world = make_world()
    found: list[list[str]] = []
    world.pipeline.submit_click(
        click("a"), lambda reply: found.append([reply, *names_on(redis.replica.port)])
    )
    wait_until(lambda: found)
    assert isinstance(found[0][0], bytes)
    assert found[0][1:] == ["a"]


def test_everybody_gets_their_own_reply_whatever_waits(redis, make_world):
    redis.follow()
    world = make_world()
    got: dict[int, object] = {}
    for number in range(2_000):
        if number % 3:
            world.click(str(number))
        else:
            echo = encode_command(b"ECHO", b"%d" % number)
            world.pipeline.submit(echo, lambda reply, number=number: got.update({number: reply}))
        if number % 50 == 0:
            gevent.sleep(0)
    wait_until(lambda: all(world.told.values()))
    assert got == {number: b"%d" % number for number in range(0, 2_000, 3)}
    assert all(isinstance(told[0], bytes) for told in world.told.values())
    expected = [str(number) for number in range(2_000) if number % 3]
    assert names_on(redis.replica.port) == expected


def test_without_a_replica_clicks_are_refused_and_other_commands_go_on(make_world, caplog):
    world = make_world(wait_ms=6)
    world.click("a", "b")
    wait_until(lambda: world.told["b"])
    assert world.outcome("a") == world.outcome("b") == [NoReplica]
    with pytest.raises(NoReplica):
        world.click("c")
    assert world.pipeline.call(encode_command(b"ECHO", b"x"), 5) == b"x"
    wait_until(lambda: world.waits_in_vain() >= 3)
    assert world.outcome("a") == [NoReplica]
    assert caplog.text.count("No replica has") == 1


def test_clicks_are_taken_again_once_a_replica_follows(redis, make_world):
    world = make_world(wait_ms=6)
    world.click("a")
    wait_until(lambda: world.told["a"])
    redis.follow()
    wait_until(world.is_taking)
    wait_until(lambda: world.is_taking() and bytes in map(type, world.told["probe"]))


def test_a_replica_that_was_late_confirms_what_it_got_after_all(redis, make_world):
    redis.follow()
    world = make_world(wait_ms=6)
    redis.network.stall()
    world.click("a")
    wait_until(lambda: world.told["a"])
    assert world.outcome("a") == [NoReplica]
    redis.network.flow()
    wait_until(lambda: world.is_taking() and len(world.told["a"]) == 2)
    assert isinstance(world.told["a"][1], bytes)
    assert names_on(redis.replica.port)[0] == "a"


def test_clicks_whose_server_dies_before_a_replica_has_them_are_told_so(redis, make_world):
    redis.follow()
    world = make_world(wait_ms=60_000)
    redis.network.stall()
    world.click("a")
    wait_until(lambda: names_on(redis.master.port) == ["a"])
    assert world.told["a"] == []
    redis.master.kill()
    wait_until(lambda: world.told["a"])
    assert world.outcome("a") == [PipelineBroken]


def test_a_user_who_may_not_wait_is_told_so(redis, make_world, caplog):
    redis.follow()
    with Redis(port=redis.master.port) as admin:
        admin.execute_command("ACL", "SETUSER", "default", "-wait")
        world = make_world()
        world.click("a")
        wait_until(lambda: world.told["a"])
        admin.execute_command("ACL", "SETUSER", "default", "+wait")
    assert world.outcome("a") == [NoReplica]
    assert "WAIT: " in caplog.text
    assert "NOPERM" in caplog.text or "permissions" in caplog.text


class Socket:
    """Both ends of a connection, and a buffer that writes to one."""

    def __init__(self, wait_ms: int) -> None:
        self.ours, self.theirs = socket.socketpair()
        for end in (self.ours, self.theirs):
            end.setblocking(False)
        self.wait = ReplicaWait(wait_ms, RedirectMetrics(CollectorRegistry()))
        self.expected: list[object] = []
        self.is_answered = True
        self.buffer = WaitingWriteBuffer(
            gevent.get_hub().loop, self, pytest.fail, self.wait, self.expected.append
        )
        self.buffer.open(self.ours)

    def note(self, _commands: bytes, _count: int) -> None:
        self.is_answered = False

    def is_all_answered(self) -> bool:
        return self.is_answered

    def add_in_a_tick(self, *commands: bytes, are_clicks: bool = True) -> None:
        for command in commands:
            if are_clicks:
                self.wait.add(_ignore)
            self.buffer.commands.append(command)
        self.buffer.flush_soon()
        gevent.sleep(0)

    def arrived(self) -> bytes:
        try:
            return self.theirs.recv(1 << 20)
        except BlockingIOError:
            return b""

    def answer(self, reply: object) -> None:
        self.is_answered = True
        self.expected.pop(0)(reply)
        gevent.sleep(0)


@pytest.fixture
def make_socket() -> Iterator[object]:
    made: list[Socket] = []

    def make(wait_ms: int = 60_000) -> Socket:
        made.append(Socket(wait_ms))
        return made[-1]

    yield make
    for each in made:
        each.buffer.close()
        each.ours.close()
        each.theirs.close()


def test_one_wait_ends_a_write_with_clicks_and_none_another(make_socket):
    world = make_socket()
    world.add_in_a_tick(b"get", are_clicks=False)
    assert world.arrived() == b"get"
    world.is_answered = True
    world.add_in_a_tick(b"a", b"b")
    assert world.arrived() == b"ab" + world.wait.command


def test_nothing_leaves_while_a_wait_is_unanswered_however_much_there_is(make_socket):
    world = make_socket()
    world.add_in_a_tick(b"a")
    world.arrived()
    world.add_in_a_tick(*[b"b"] * 100)
    gevent.sleep(0.05)
    assert world.arrived() == b""
    world.answer(1)
    assert world.arrived() == b"b" * 100 + world.wait.command


def test_a_server_that_lets_a_wait_last_too_long_is_nudged_until_it_answers(make_socket):
    world = make_socket(wait_ms=1)
    world.add_in_a_tick(b"a")
    arrived = b""

    def is_nudged_twice() -> bool:
        nonlocal arrived
        arrived += world.arrived()
        return arrived.startswith(b"a" + world.wait.command + b"\r\n\r\n")

    wait_until(is_nudged_twice)
    world.answer(1)
    world.arrived()
    gevent.sleep(0.05)
    assert world.arrived() == b""


def test_an_old_connection_s_wait_ends_no_hold_of_the_next(make_socket):
    world = make_socket()
    world.add_in_a_tick(b"a")
    world.buffer.close()
    world.buffer.open(world.ours)
    world.is_answered = True
    world.add_in_a_tick(b"b")
    world.add_in_a_tick(b"c")
    world.arrived()
    world.expected.pop(0)(PipelineBroken("gone"))
    gevent.sleep(0)
    assert world.arrived() == b""
    world.answer(1)
    assert world.arrived() == b"c" + world.wait.command


def _ignore(_: object) -> None:
    """Hear of nothing."""
