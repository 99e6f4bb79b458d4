"""Two consumers and their zombies, in every order of their steps, up to a depth.

From each state every step is tried, on the real server, and what comes of it is a state that the
next round starts from, unless it was seen before: two orders that lead to the same keys in Redis,
the same rows in ClickHouse and the same two consumers go on alike.
"""

import copy
import re
from typing import NamedTuple

import pytest

from tests.support.producers import STREAM
from tests.support.workers.lease_model import GROUP, Consumers
from workers.stream.lease import Fence

#: Clicks at hand from the beginning: two, so that claimants can cut batches differently.
CLICKS = 2
DEPTH = 8
#: Every step that either consumer can take; the number is the entries that it reads or begins.
STEPS = [
    (verb, seat, count)
    for seat in (0, 1)
    for verb, count in (("step", 1), ("step", 2), ("claim_consumers", 0))
]


class State(NamedTuple):
    """The server's keys as dumped, and what the model holds beside them."""

    keys: dict[bytes, bytes]
    model: dict[str, object]


class Explorer:
    """Goes from state to state of one model on one server."""

    def __init__(self, server, metrics):
        kind = type("OnThisServer", (Consumers,), {"server_url": server.url, "metrics": metrics})
        self._machine = kind()
        self._machine.start()
        self._machine.click(CLICKS)
        self._redis = self._machine.redis

    def close(self):
        self._machine.teardown()

    def save(self):
        names = self._redis.keys()
        model = {name: getattr(self._machine, name) for name in ("stored", "tokens", "sent")}
        model |= {"unread": self._machine.unread, "count": self._machine.count}
        model["seats"] = [vars(actor) for actor in self._machine.seats]
        return State({name: self._redis.dump(name) for name in names}, frozen(model))

    def load(self, state):
        pipeline = self._redis.pipeline()
        pipeline.flushall()
        for name, dump in state.keys.items():
            pipeline.restore(name, 0, dump)
        pipeline.execute()
        model = frozen(state.model)
        seats = model.pop("seats")
        vars(self._machine).update(model)
        for actor, fields in zip(self._machine.seats, seats, strict=True):
            vars(actor).update(fields)

    def take(self, step):
        verb, seat, count = step
        if verb == "step":
            self._machine.step(seat=seat, count=count, is_repeated=False)
        else:
            self._machine.claim_consumers(seat=seat)
        self._machine.only_stored_entries_are_acked()
        self._machine.nothing_is_stored_twice()
        self._machine.the_ledger_counts_every_ack_once()

    def name(self):
        """Return what makes up the state: not the times, nor who of the two is which."""
        seats = [
            (actor.name, sorted(actor.held), actor.begun, actor.is_inserted)
            for actor in self._machine.seats
        ]
        rest = (sorted(self._machine.stored.items()), self._machine.unread, self._in_redis())
        return min(numbered(repr((order, rest))) for order in (seats, seats[::-1]))

    def _in_redis(self):
        redis, tag = self._redis, f"{{{STREAM}}}:{GROUP}"
        return (
            sorted(redis.zrange(f"{tag}:leases", 0, -1)),
            sorted(redis.hgetall(f"{tag}:heirs").items()),
            sorted(redis.hgetall(f"{tag}:batches").items()),
            sorted(redis.hgetall(f"{tag}:batches:entries").items()),
            [
                (one["message_id"], one["consumer"], one["times_delivered"])
                for one in redis.xpending_range(STREAM, GROUP, "-", "+", 100)
            ],
        )


def numbered(text):
    """Return the text with names replaced by the order in which they come."""
    numbers: dict[str, str] = {}
    return re.sub(r"actor\d+", lambda it: numbers.setdefault(it[0], f"#{len(numbers)}"), text)


def frozen(model):
    """Return a copy that later steps don't change; fences and streams are the actors' own."""
    copied = {name: copy.copy(value) for name, value in model.items()}
    copied["seats"] = [
        {name: copy.copy(value) if name == "held" else value for name, value in one.items()}
        for one in model["seats"]
    ]
    return copied


def explore(server, metrics, depth):
    """Take every step from every state up to a depth; return how many states there are."""
    explorer = Explorer(server, metrics)
    states = [explorer.save()]
    seen = {explorer.name()}
    try:
        for _ in range(depth):
            reached = []
            for state in states:
                for step in STEPS:
                    explorer.load(state)
                    explorer.take(step)
                    if explorer.name() not in seen:
                        seen.add(explorer.name())
                        reached.append(explorer.save())
            states = reached
    finally:
        explorer.close()
    return len(seen)


def test_no_order_of_steps_loses_or_doubles(any_redis_server, metrics):
    assert explore(any_redis_server(), metrics, DEPTH) > 500


def test_a_begin_without_a_lease_is_found(valkey_server, metrics, monkeypatch):
    make = Fence.__init__

    def make_flawed(fence, *args):
        make(fence, *args)
        fence._begin = fence._begin.replace("not redis.call('ZSCORE', KEYS[1], ARGV[1])", "false")

    monkeypatch.setattr(Fence, "__init__", make_flawed)
    with pytest.raises(AssertionError, match="a click is stored twice"):
        explore(valkey_server(), metrics, DEPTH)
