"""Sender that has Redis take clicks which waited somewhere, many at a time, visitors' own first."""

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

from gevent.event import Event

from app.redirect.clicks.backpressure import is_for_good
from app.redirect.clicks.click_route import ClickRoute, Room
from app.redirect.redis.replica_wait import NoReplica
from app.redirect.redis.replies import PipelineError

#: As old as the oldest command may be while more are sent.
_WELL_SECONDS = 0.5
_BATCHES_PER_SECOND = 20
#: Nobody waits for these commands; visitors' commands must not queue behind many of them.
_LARGEST_BATCH = 500
_SUBMITTED_AT_ONCE = 50
#: A replica that is late may have them by then, and what it has need not be sent once more.
_REPLICA_SECONDS = 2.0


class Sent(NamedTuple):
    """What became of some clicks.

    Attributes:
        confirmed: ids of those that Redis has.
        errors: what it said of others.
        may_go_on: whether it will take more.
        refused: ids of those that it will never take, and why.
    """

    confirmed: list[bytes]
    errors: list[object]
    may_go_on: bool
    refused: dict[bytes, object]


class ClickSender:
    """Sends clicks over a pipeline, unless it is about to be too much for Redis."""

    def __init__(self, pipeline: ClickRoute, backpressure: Room) -> None:
        """Make a sender; nothing is sent while the backpressure is full."""
        self._pipeline = pipeline
        self._backpressure = backpressure

    def may_send(self) -> bool:
        """Tell whether Redis is well and has room."""
        is_redis_well = (
            self._pipeline.connected.is_set() and self._pipeline.oldest_age() < _WELL_SECONDS
        )
        return is_redis_well and not self._backpressure.is_full

    def send(self, commands: Mapping[bytes, bytes]) -> Sent:
        """Send the commands of clicks by their ids; blocks the calling greenlet."""
        batch = _Batch(len(commands))
        try:
            for number, (click_id, command) in enumerate(commands.items(), 1):
                self._pipeline.submit_click(command, partial(batch.on_reply, click_id))
                if number % _SUBMITTED_AT_ONCE == 0:
                    self._pipeline.make_room()
        except PipelineError:
            return Sent([], [], may_go_on=False, refused={})
        batch.told.wait()
        if not batch.answered.wait(_REPLICA_SECONDS):
            return Sent(batch.confirmed, [], may_go_on=False, refused={})
        errors = list(batch.errors.values())
        refused = {one: error for one, error in batch.errors.items() if is_for_good(error)}
        return Sent(batch.confirmed, errors, len(refused) == len(errors), refused)


def batch_size(clicks_per_second: int) -> int:
    """Return how many clicks are sent together at a rate."""
    return max(min(clicks_per_second // _BATCHES_PER_SECOND, _LARGEST_BATCH), 1)


class _Batch:
    """Clicks sent together.

    Attributes:
        told: set once every click was told something; the pipeline sees to that.
        answered: set once every click has its reply, and none waits for a replica any more.
    """

    def __init__(self, size: int) -> None:
        self.confirmed: list[bytes] = []
        self.errors: dict[bytes, object] = {}
        self.told = Event()
        self.answered = Event()
        self._size = size
        self._without_replica: set[bytes] = set()
        self._note_progress()

    def on_reply(self, click_id: bytes, reply: object) -> None:
        self._without_replica.discard(click_id)
        if isinstance(reply, bytes):
            self.confirmed.append(click_id)
        elif isinstance(reply, NoReplica):
            self._without_replica.add(click_id)
        else:
            self.errors[click_id] = reply
        self._note_progress()

    def _note_progress(self) -> None:
        answered = len(self.confirmed) + len(self.errors)
        if answered == self._size:
            self.answered.set()
        if answered + len(self._without_replica) == self._size:
            self.told.set()
