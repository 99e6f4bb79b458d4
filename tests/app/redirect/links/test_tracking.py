"""In whatever order the two connections end and come back, and whomever they reach."""

from typing import Any

import gevent
import pytest
from gevent import socket
from gevent.event import Event
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from app.redirect.links import tracking
from app.redirect.links.tracking import Tracking, why_unheard
from app.redirect.redis.connection import ConnectFailed, Connection
from app.redirect.redis.resp import new_reader
from app.stores.redis.address import Address
from app.stores.redis.server import RedisServer
from tests.support.redirect.pipelines import task_failures
from tests.support.redirect.waiting import wait_until

A, B = RedisServer("a", "1", "master"), RedisServer("b", "2", "master")
PROMOTED = RedisServer("a", "3", "master")
REPLICA = RedisServer("b", "1", "slave")
SERVERS = (A, B, PROMOTED, REPLICA)
PEER = ("127.0.0.1", 6379)


class Leader:
    """A pipeline whose connection ends and comes back when told."""

    def __init__(self) -> None:
        self.connected = Event()
        self.connection: Connection | None = None
        self.on_end = lambda: None

    def reach(self, server: RedisServer) -> None:
        self.end()
        self.connection = Connection(None, new_reader(), Address(), PEER, server)
        self.connected.set()

    def end(self) -> None:
        if self.connection is not None:
            self.connection = None
            self.connected.clear()
            self.on_end()


class Listener:
    def __init__(self) -> None:
        self.is_watching = False

    def watch_began(self) -> None:
        assert not self.is_watching
        self.is_watching = True

    def watch_ended(self) -> None:
        assert self.is_watching
        self.is_watching = False

    def changed(self, code: str) -> None:
        """Nothing changes here."""

    def all_changed(self) -> None:
        """Nothing changes here."""


class World:
    """A pipeline and the tracking beside it, with servers that take turns at one address."""

    def __init__(self) -> None:
        self.leader, self.listener = Leader(), Listener()
        self.told_by: RedisServer | None = A
        self.far: socket.socket | None = None
        self.connects = 0
        self.tracking = Tracking(
            self.leader,
            self.listener,
            name="track",
            timeout_seconds=30,
            task_failures=task_failures(),
        )

    def connect(self, *_: Any, **__: Any) -> Connection:
        self.connects += 1
        gevent.sleep(0)
        if self.told_by is None:
            raise ConnectFailed("away")
        self.hang_up()
        near, self.far = socket.socketpair()
        self.reached = self.told_by
        return Connection(near, new_reader(), Address(), PEER, self.reached)

    def hang_up(self) -> None:
        if self.far is not None:
            self.far.close()

    def close(self) -> None:
        self.tracking.close()
        self.hang_up()
        assert not self.listener.is_watching


class Orders(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self._real_connect = tracking.connect
        tracking.connect = self.world.connect
        self.world.tracking.start()

    def teardown(self) -> None:
        world = self.world
        world.told_by = B
        world.leader.reach(B)
        # Once both can reach the same master they do, and then nothing is renewed any more.
        wait_until(lambda: world.listener.is_watching)
        connects = world.connects
        gevent.sleep(0.02)
        assert (world.listener.is_watching, world.connects) == (True, connects)
        world.close()
        tracking.connect = self._real_connect

    @rule(server=st.sampled_from(SERVERS))
    def the_pipeline_reconnects(self, server: RedisServer) -> None:
        self.world.leader.reach(server)

    @rule()
    def the_pipeline_ends(self) -> None:
        self.world.leader.end()

    @rule()
    def the_tracking_ends(self) -> None:
        self.world.hang_up()

    @rule(server=st.sampled_from((None, *SERVERS)))
    def another_answers(self, server: RedisServer | None) -> None:
        self.world.told_by = server

    @rule(seconds=st.sampled_from((0, 0, 0.001, 0.03)))
    def time_passes(self, seconds: float) -> None:
        gevent.sleep(seconds)

    @invariant()
    def a_watch_is_of_the_server_that_is_read(self) -> None:
        if self.world.listener.is_watching:
            connection = self.world.leader.connection
            assert connection is not None
            assert why_unheard(connection.server, self.world.reached) == ""


def test_a_watch_counts_only_on_the_server_that_is_read():
    run_state_machine_as_test(
        Orders, settings=settings(max_examples=40, stateful_step_count=25, deadline=None)
    )


@pytest.mark.parametrize(
    ("reads", "tells", "is_heard"),
    [
        (A, A, True),
        (RedisServer(), RedisServer(), True),
        (A, B, False),
        (A, PROMOTED, False),
        (REPLICA, REPLICA, False),
        (A, RedisServer(), False),
    ],
)
def test_both_have_to_reach_one_master(reads, tells, is_heard):
    assert (why_unheard(reads, tells) == "") is is_heard


def test_while_two_servers_answer_by_turns_it_is_said_and_tried_ever_more_rarely(
    monkeypatch, caplog
):
    world = World()
    monkeypatch.setattr(tracking, "connect", world.connect)
    world.told_by = B
    world.leader.reach(A)
    world.tracking.start()
    wait_until(lambda: "leads now to one server and now to another" in caplog.text)
    gevent.sleep(1)
    assert not world.listener.is_watching
    assert world.connects < 15
    world.told_by = A
    wait_until(lambda: world.listener.is_watching)
    world.close()
