import random

import pytest

from app.audit.entry_counts import EntryLedger
from app.audit.unread_entries import Stand, parse_id, unread
from app.stores.redis.client import connect
from app.stores.redis.connection import RedisConnection
from tests.support.producers import STREAM, send

GROUP = "analytics-group"
#: 100 added, 60 of them read; a count bore Redis out when 50 were.
STAND = Stand(100, 95, 60, (60, 0), (6, 0), (0, 0), (50, 0), 3)


def test_what_redis_says_is_taken_where_nothing_unread_can_have_gone():
    assert unread(STAND) == 40
    assert unread(STAND._replace(deleted=(50, 0))) == 40
    assert unread(STAND._replace(oldest=(50, 0))) == 40
    assert unread(STAND._replace(oldest=(51, 0), gone_then=5)) == 40, "nothing has gone"


@pytest.mark.parametrize(
    "doubt",
    [
        {"deleted": (50, 1)},
        {"oldest": (50, 1)},
        {"last_read": (49, 0)},
        {"borne_out": None},
        {"handed_out": None},
    ],
)
def test_in_doubt_the_unread_have_to_be_counted(doubt):
    assert unread(STAND._replace(**doubt)) is None


def test_where_nothing_that_was_read_is_left_all_are_unread():
    assert unread(STAND._replace(oldest=(60, 1), borne_out=None, handed_out=None)) == 95
    assert unread(STAND._replace(oldest=None, length=0)) == 0


def test_ids_compare_as_numbers():
    assert parse_id(b"9-10") < parse_id(b"10-2") < parse_id(b"10-10")


@pytest.fixture
def counting(server):
    """A ledger, and the commands that it has sent."""
    connection, sent = RedisConnection(connect(server.url, timeout_seconds=30), server.url, 30), []

    def call(*command):
        sent.append(command)
        return connection.call(*command)

    return EntryLedger(call, STREAM, GROUP), sent


def test_a_backlog_is_not_looked_at_again_and_again(server, consumer, counting):
    ledger, sent = counting
    send(server.url, [{"number": "1"}] * 1_000)
    assert ledger.check()[0].unread == 1_000
    assert len(sent) == 2
    for left in (900, 800):
        consumer.finish(consumer.read(100))
        sent.clear()
        assert ledger.check()[0].unread == left
        assert len(sent) == 2
    sent.clear()
    assert ledger.check(exactly=True)[0].unread == 800
    assert len(sent) > 4


def test_a_loss_is_counted_before_it_is_reported(server, redis, consumer, counting):
    ledger, sent = counting
    ledger.check()
    ids = send(server.url, [{"number": "1"}] * 1_000)
    consumer.finish(consumer.read(100)[:50])
    assert ledger.check()[0].rest == 0
    redis.xack(STREAM, GROUP, ids[60])
    sent.clear()
    assert ledger.check()[1] == 1
    assert len(sent) > 2


class Hands:
    """What consumers do to a stream, and people, as chance has it."""

    def __init__(self, redis, consumer, seed):
        self.redis = redis
        self.consumer = consumer
        self.chance = random.Random(seed)
        self.ids = [redis.xadd(STREAM, {"number": "1"}) for _ in range(20)]
        self.read = []

    def do_something(self):
        usual = [self.add, self.take, self.take, self.finish, self.trim_what_was_read]
        by_hand = [self.delete, self.delete_the_next, self.trim, self.set_group]
        self.chance.choice(by_hand if self.chance.random() < 0.15 else usual)()

    def add(self):
        for _ in range(self.chance.randrange(1, 20)):
            self.ids.append(self.redis.xadd(STREAM, {"number": "1"}))

    def take(self):
        self.read += self.consumer.read(self.chance.randrange(1, 12))

    def finish(self):
        count = self.chance.randrange(len(self.read) + 1)
        self.consumer.finish(self.read[:count])
        del self.read[:count]

    def delete(self):
        self.redis.xdel(STREAM, *self.chance.sample(self.ids, 2))

    def delete_the_next(self):
        for entry_id, _ in self.redis.xrange(STREAM, b"(" + self._last_read(), "+", count=1):
            self.redis.xdel(STREAM, entry_id)

    def trim(self):
        self.redis.xtrim(STREAM, minid=self.chance.choice(self.ids[-30:]), approximate=False)

    def trim_what_was_read(self):
        self.redis.xtrim(STREAM, minid=self._last_read(), approximate=False)

    def set_group(self):
        self.redis.xgroup_setid(STREAM, GROUP, self.chance.choice(self.ids))

    def _last_read(self):
        return self.redis.xinfo_groups(STREAM)[0]["last-delivered-id"]


@pytest.mark.parametrize("seed", range(6))
def test_it_finds_what_a_count_finds_whatever_is_done_by_hand(redis, consumer, ledger, seed):
    hands = Hands(redis, consumer, seed)
    for _ in range(60):
        for _ in range(hands.chance.randrange(1, 5)):
            hands.do_something()
        told, _ = ledger.check()
        assert told.unread == ledger.count().unread
