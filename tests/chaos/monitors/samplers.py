"""Samplers that look at a run now and then: what is stored, how large the workers are."""

from typing import NamedTuple

from app.stores.clickhouse.driver import errors
from loadtest.common.processes import of_living
from tests.chaos.testbed.testbed import Testbed
from tests.chaos.visitors.client_log import NUMBER, now_ms
from tests.support.background import Background

_STORED_SECONDS = 0.25
_MEMORY_SECONDS = 1.0


class StoredSample(NamedTuple):
    """The highest number of a stored click at a Unix time in milliseconds."""

    at_ms: int
    number: int


class StoredSampler(Background):
    """How far the stored clicks of one code have come, which tells when things are well again.

    Attributes:
        samples: in order; moments at which ClickHouse didn't answer are left out.
    """

    def __init__(self, testbed: Testbed, code: str) -> None:
        super().__init__()
        self.samples: list[StoredSample] = []
        self._testbed = testbed
        self._query = f"SELECT max({NUMBER}) FROM clicks WHERE short_code = '{code}'"

    def _work(self) -> None:
        while not self._is_over.wait(_STORED_SECONDS):
            try:
                [(number,)] = self._testbed.ask_clickhouse(self._query)
            except (errors.Error, OSError, EOFError):
                continue
            self.samples.append(StoredSample(now_ms(), number))


class MemorySampler(Background):
    """The most memory that one redirect worker ever held.

    Attributes:
        largest_bytes: resident, as `ps` shows it.
    """

    def __init__(self, testbed: Testbed) -> None:
        super().__init__()
        self.largest_bytes = 0
        self._testbed = testbed

    def _work(self) -> None:
        while not self._is_over.wait(_MEMORY_SECONDS):
            workers = self._testbed.redirect.children()
            sizes = of_living(workers, lambda worker: int(worker.memory_info().rss))
            self.largest_bytes = max(self.largest_bytes, *sizes, 0)
