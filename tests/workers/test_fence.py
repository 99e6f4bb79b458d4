import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from redis import Redis

from app.keys import batch_entries_key, batches_key, leases_key
from tests.producers import STREAM, send
from workers.fence import Fenced, WrittenDown

GROUP = "analytics-group"


@pytest.fixture
def server(any_redis_server):
    return any_redis_server()


@pytest.fixture
def redis(server):
    with Redis.from_url(server.url) as client:
        yield client


def batch(fence, *entry_ids: bytes, tries: int = 0) -> WrittenDown:
    return WrittenDown(fence.name("token"), tries, list(entry_ids))


def test_a_lease_is_renewed_when_it_is_due(server, redis, open_fence):
    now = [0.0]
    fence = open_fence(server.url, lease_seconds=8.0, clock=lambda: now[0])
    assert not fence.is_held()
    fence.keep()
    assert fence.is_held()
    redis.delete(leases_key(STREAM, GROUP))
    now[0] = 1.9
    fence.keep()
    now[0] = 2.0
    with pytest.raises(Fenced):
        fence.keep()
    now[0] = 8.0
    assert not fence.is_held()


def test_nothing_begins_without_a_lease(server, redis, open_fence):
    fence = open_fence(server.url)
    with pytest.raises(Fenced):
        fence.begin(batch(fence, b"1-0"))
    assert not redis.exists(batches_key(STREAM, GROUP))


def test_a_batch_is_written_down_until_it_is_acked(server, redis, open_fence, open_stream):
    sent = send(server.url, [{"number": "1"}] * 1200)
    stream, fence = open_stream(server.url), open_fence(server.url)
    stream.ensure_group()
    stream.read(1200, 100, lambda: False)
    fence.keep()
    noted = batch(fence, *sent)
    for _ in range(2):
        fence.begin(noted)
        assert fence.written_down() == noted
    for _ in range(2):
        fence.commit(noted)
        assert fence.written_down() is None
    assert redis.xpending(STREAM, GROUP)["pending"] == 0
    assert not redis.exists(batches_key(STREAM, GROUP), batch_entries_key(STREAM, GROUP))


def test_a_part_takes_the_place_of_the_whole(server, open_fence):
    fence = open_fence(server.url)
    fence.keep()
    whole = batch(fence, b"1-0", b"2-0")
    part = WrittenDown(fence.name("part"), 0, [b"1-0"])
    fence.begin(whole)
    fence.begin(part, whole.name)
    assert fence.written_down() == part
    fence.forget(part)
    assert fence.written_down() is None


def test_two_consumers_may_hold_the_same_clicks(server, open_fence):
    one, other = open_fence(server.url, "one"), open_fence(server.url, "other")
    for fence, entry_id in ((one, b"1-0"), (other, b"2-0")):
        fence.keep()
        fence.begin(batch(fence, entry_id))
    one.forget(batch(one))
    assert one.written_down() is None
    assert other.written_down() == batch(other, b"2-0")


def test_a_batch_of_the_dead_belongs_to_the_heir_alone(server, redis, open_fence, open_stream):
    (sent,) = send(server.url, [{"number": "1"}])
    slow, heir = open_fence(server.url, "slow"), open_fence(server.url, "heir")
    stream = open_stream(server.url, "slow")
    stream.ensure_group()
    stream.read(10, 100, lambda: False)
    slow.keep()
    slow.begin(batch(slow, sent))
    heir.keep()
    assert open_stream(server.url, "heir").take_over(["slow"], 60_000) == ["slow"]
    assert heir.written_down() == batch(slow, sent, tries=1)
    slow.commit(batch(slow, sent))
    assert redis.xpending(STREAM, GROUP)["pending"] == 1
    for step in (slow.begin, lambda noted: slow.keep() or slow.begin(noted)):
        with pytest.raises(Fenced):
            step(batch(slow, sent))
    heir.commit(batch(slow, sent))
    assert redis.xpending(STREAM, GROUP)["pending"] == 0
    assert open_stream(server.url, "heir").forget("slow")


def test_it_goes_on_while_redis_is_full(server, redis, open_fence):
    redis.config_set("maxmemory", 1)
    try:
        fence = open_fence(server.url)
        fence.keep()
        fence.begin(batch(fence, b"1-0"))
        fence.forget(batch(fence, b"1-0"))
    finally:
        redis.config_set("maxmemory", 0)


class Actor:
    """A consumer as far as the fence is concerned, and what the model says about it."""

    def __init__(self, fence, stream):
        self.fence = fence
        self.stream = stream
        self.held = {}
        self.begun = None
        self.inserted = False


class TwoConsumersAndZombies(RuleBasedStateMachine):
    """Consumers read, begin, insert and commit; any may be taken for dead at any time.

    One that was taken for dead goes on all the same, as after SIGCONT. The model is ClickHouse:
    it drops an insert whose token it knows. Whatever the order, an entry is acked only once it is
    stored, and no entry is stored under two tokens while both inserts were allowed to begin.
    """

    actors = Bundle("actors")
    server_url = ""
    open_stream = None
    open_fence = None

    def __init__(self):
        super().__init__()
        self.redis = Redis.from_url(self.server_url)
        self.redis.flushall()
        self.stored = {}
        self.tokens = {}
        self.all = []
        self.sent = set()

    def teardown(self):
        self.redis.close()

    def make_actor(self):
        name = f"actor{len(self.all)}"
        actor = Actor(
            self.open_fence(self.server_url, name), self.open_stream(self.server_url, name)
        )
        actor.name = name
        actor.stream.ensure_group()
        actor.fence.keep()
        self.all.append(actor)
        return actor

    @rule(target=actors)
    @precondition(lambda self: len(self.all) < 5)
    def begin_consumer(self):
        return self.make_actor()

    @rule(count=st.integers(1, 4))
    def click(self, count):
        self.sent.update(send(self.server_url, [{"n": "1"}] * count))

    @rule(actor=actors, count=st.integers(1, 3))
    def read(self, actor, count):
        if actor.begun is None:
            for entry in actor.stream.read(count, 1, lambda: False):
                actor.held[entry.entry_id] = entry

    @rule(actor=actors)
    def begin(self, actor):
        if actor.begun is None and actor.held:
            noted = self.note(actor, actor.held)
            if self.try_begin(actor, noted):
                actor.begun = noted

    def note(self, actor, entry_ids):
        ids = sorted(entry_ids)
        return WrittenDown(actor.fence.name(b"+".join(ids).decode()), 0, ids)

    def try_begin(self, actor, noted):
        try:
            actor.fence.begin(noted)
        except Fenced:
            actor.held.clear()
            return False
        return True

    @rule(actor=actors)
    def insert(self, actor):
        """Insert what was begun, however long ago: nothing asks Redis in between."""
        if actor.begun and not actor.inserted:
            token = actor.begun.token
            if token not in self.tokens:
                self.tokens[token] = actor.begun.entry_ids
                for entry_id in actor.begun.entry_ids:
                    self.stored.setdefault(entry_id, []).append(token)
            actor.inserted = True

    @rule(actor=actors)
    def commit(self, actor):
        if actor.begun and actor.inserted:
            actor.fence.commit(actor.begun)
            actor.begun, actor.inserted = None, False
            actor.held.clear()

    @rule(actor=actors)
    def repeat_commit(self, actor):
        if actor.begun and actor.inserted:
            actor.fence.commit(actor.begun)
            actor.fence.commit(actor.begun)

    @rule(actor=actors, dead=actors)
    def take_over(self, actor, dead):
        """Take any other for dead, rightly or not; finish what it had begun, or claim its rest."""
        if actor is dead or actor.begun or actor.held:
            return
        for name in actor.stream.take_over([dead.name], 60_000):
            noted = actor.fence.written_down()
            if noted and self.try_begin(actor, noted):
                actor.begun = noted
                return
            for entry in actor.stream.inherited(name, 10):
                actor.held[entry.entry_id] = entry

    def acked(self):
        pending = {
            one["message_id"] for one in self.redis.xpending_range(STREAM, GROUP, "-", "+", 1000)
        }
        last = self.redis.xinfo_groups(STREAM)[0]["last-delivered-id"]
        return {entry_id for entry_id in self.sent if key(entry_id) <= key(last)} - pending

    @invariant()
    def only_stored_entries_are_acked(self):
        if self.all:
            assert self.acked() <= set(self.stored)

    @invariant()
    def nothing_is_stored_twice(self):
        doubled = {entry_id for entry_id, tokens in self.stored.items() if len(tokens) > 1}
        assert not doubled


def key(entry_id: bytes) -> tuple[int, int]:
    ms, _, sequence = entry_id.partition(b"-")
    return int(ms), int(sequence)


def test_no_interleaving_of_consumers_and_zombies_loses_or_doubles(server, open_stream, open_fence):
    class OnThisServer(TwoConsumersAndZombies):
        pass

    OnThisServer.server_url = server.url
    OnThisServer.open_stream = staticmethod(open_stream)
    OnThisServer.open_fence = staticmethod(open_fence)
    run_state_machine_as_test(
        OnThisServer,
        settings=settings(
            max_examples=40,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
