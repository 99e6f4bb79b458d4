"""A group of a stream as consumers leave it, and the ledger of it."""

import time
from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry

from app.audit.entry_counts import EntryLedger
from app.metrics.workers import WorkerMetrics
from app.stores.redis.client import connect
from app.stores.redis.connection import RedisConnection
from tests.support.producers import STREAM
from workers.stream.admin import StreamAdmin
from workers.stream.lease import BatchRecord, Fence
from workers.stream.names import Names
from workers.stream.stream import Stream

GROUP = "analytics-group"


class Consumer:
    """The parts of a consumer that touch the stream, by hand."""

    def __init__(self, url: str, name: str = "me") -> None:
        metrics = WorkerMetrics(CollectorRegistry())
        self.connection = RedisConnection(connect(url, timeout_seconds=30, block_ms=1000), url, 30)
        names = Names(STREAM, GROUP, name, "clicks:dead", 1000)
        self.name = name
        self.stream = Stream(self.connection, self.connection, names, metrics)
        self.fence = Fence(self.connection, names, 60.0)
        self.admin = StreamAdmin(self.connection, names, metrics)
        self.stream.ensure_group()

    def read(self, count: int) -> list[bytes]:
        """Read entries, as many as there are, at most so many; return their ids."""
        return [one.entry_id for one in self.stream.read(count, 100, lambda: False)]

    def finish(self, entry_ids: list[bytes]) -> None:
        """Begin and commit a batch of entries that were read."""
        self.fence.keep()
        batch = self.fence_batch(entry_ids)
        self.fence.begin(batch)
        self.fence.commit(batch)

    def fence_batch(self, entry_ids: list[bytes]) -> BatchRecord:
        """Return a batch of entries as it would be written down."""
        return BatchRecord(self.fence.name("token"), 0, entry_ids)


@pytest.fixture
def open_consumer(server) -> Callable[..., Consumer]:
    return lambda name="me": Consumer(server.url, name)


@pytest.fixture
def consumer(open_consumer) -> Consumer:
    return open_consumer()


@pytest.fixture
def open_ledger(server) -> Callable[[], EntryLedger]:
    """A function that returns the ledger over a new connection."""

    def open_one() -> EntryLedger:
        client = connect(server.url, timeout_seconds=30)
        return EntryLedger(RedisConnection(client, server.url, 30).call, STREAM, GROUP)

    return open_one


@pytest.fixture
def ledger(open_ledger) -> EntryLedger:
    return open_ledger()


@pytest.fixture
def more(ledger):
    """A function that returns how many more entries are missing than when it was called last."""

    def check() -> int:
        # Two checks of one millisecond count as one.
        time.sleep(0.002)
        _, found = ledger.check()
        return found

    return check
