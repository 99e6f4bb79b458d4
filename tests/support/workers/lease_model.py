"""Two consumers and their zombies against a model of ClickHouse, on real servers.

The model stands for ClickHouse: it takes an insert at any time after its begin, however late, and
drops one whose token it knows.
"""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from redis import Redis

from app.audit.unread_entries import parse_id
from app.stores.keys import ledger_key
from app.stores.redis.client import connect
from app.stores.redis.connection import RedisConnection
from tests.support.producers import STREAM
from workers.stream.lease import BatchRecord, Fence, Fenced
from workers.stream.names import Names
from workers.stream.stream import Stream

GROUP = "analytics-group"
PAGE = 100
SEATS = st.integers(0, 1)


class Actor:
    """A consumer, as far as stream and fence are concerned."""

    def __init__(self, connection, name, metrics):
        names = Names(STREAM, GROUP, name, "clicks:dead", 1000)
        self.name = name
        self.fence = Fence(connection, names, 60.0)
        self.stream = Stream(connection, connection, names, metrics)
        self.held = set()
        self.begun = None
        self.is_inserted = False

    def begin(self, record):
        """Begin a batch; return whether the lease was still there."""
        try:
            self.fence.begin(record)
        except Fenced:
            return False
        self.begun = record
        return True


class Consumers(RuleBasedStateMachine):
    """Any of two consumers may be taken for dead by the other at any time, and goes on.

    When it finds its lease gone, a new one takes its seat, as the supervisor sees to.
    """

    server_url = ""
    metrics = None

    @initialize()
    def start(self):
        self.redis = Redis.from_url(self.server_url)
        self.redis.flushall()
        self.connection = RedisConnection(
            connect(self.server_url, timeout_seconds=30), self.server_url, 5
        )
        self.stored = {}
        self.tokens = set()
        self.sent = []
        self.unread = 0
        self.count = 0
        self.seats = [self.make_actor(), self.make_actor()]

    def teardown(self):
        self.connection._client.close()
        self.redis.close()

    def make_actor(self):
        self.count += 1
        actor = Actor(self.connection, f"actor{self.count}", self.metrics)
        actor.stream.ensure_group()
        actor.fence.keep()
        return actor

    @rule(count=st.integers(1, 3))
    def click(self, count):
        self.sent += [self.redis.xadd(STREAM, {"n": "1"}) for _ in range(count)]
        self.unread += count

    @rule(seat=SEATS, count=st.integers(1, 3), is_repeated=st.booleans())
    def step(self, seat, count, is_repeated):
        """Let a consumer do what comes next in its cycle."""
        actor = self.seats[seat]
        if actor.is_inserted:
            self.commit(actor, is_repeated=is_repeated)
        elif actor.begun:
            self.insert(actor)
        elif len(actor.held) < count and self.unread:
            self.read(actor, count)
        elif actor.held:
            self.begin(seat, count)

    @rule(seat=SEATS)
    def claim_consumers(self, seat):
        """Take everybody else for dead; finish what they had begun, then claim the rest."""
        actor = self.seats[seat]
        if actor.begun:
            return
        others = [f"actor{number}" for number in range(1, self.count + 1)]
        known_dead = [name for name in others if name != actor.name]
        for name in actor.stream.claim_consumers(known_dead, 60_000):
            while record := actor.fence.unfinished():
                if not self.finish(seat, record):
                    return
            while page := actor.stream.claim_entries(name, PAGE):
                actor.held |= {entry.entry_id for entry in page}

    def read(self, actor, count):
        read = {entry.entry_id for entry in actor.stream.read(count, 1000, lambda: False)}
        self.unread -= len(read)
        actor.held |= read

    def begin(self, seat, count):
        """Begin a batch of some of the entries at hand, so that claimants cut others."""
        actor = self.seats[seat]
        entry_ids = sorted(actor.held, key=parse_id)[:count]
        token = b"+".join(entry_ids).decode()
        if not actor.begin(BatchRecord(actor.fence.name(token), 0, entry_ids)):
            self.seats[seat] = self.make_actor()

    def insert(self, actor):
        """Insert what was begun: nothing asks Redis in between, however much has happened."""
        actor.is_inserted = True
        if actor.begun.token not in self.tokens:
            self.tokens.add(actor.begun.token)
            for entry_id in actor.begun.entry_ids:
                self.stored[entry_id] = self.stored.get(entry_id, 0) + 1

    def commit(self, actor, *, is_repeated):
        actor.fence.commit(actor.begun)
        if is_repeated:
            actor.fence.commit(actor.begun)
        actor.held -= set(actor.begun.entry_ids)
        actor.begun, actor.is_inserted = None, False

    def finish(self, seat, record):
        """Finish a batch of the dead; return whether the lease was still there."""
        actor = self.seats[seat]
        if not actor.begin(record):
            self.seats[seat] = self.make_actor()
            return False
        self.insert(actor)
        self.commit(actor, is_repeated=False)
        return True

    @invariant()
    def only_stored_entries_are_acked(self):
        pending = {one["message_id"] for one in self.pending()}
        last = parse_id(self.redis.xinfo_groups(STREAM)[0]["last-delivered-id"])
        acked = {one for one in self.sent if parse_id(one) <= last} - pending
        assert acked <= set(self.stored), "an acked click is lost"

    @invariant()
    def nothing_is_stored_twice(self):
        assert max(self.stored.values(), default=1) == 1, "a click is stored twice"

    @invariant()
    def the_ledger_counts_every_ack_once(self):
        counted = int(self.redis.hget(ledger_key(STREAM, GROUP), "inserted") or 0)
        assert counted == len(self.sent) - len(self.pending()) - self.unread

    def pending(self):
        return self.redis.xpending_range(STREAM, GROUP, "-", "+", 1000)
