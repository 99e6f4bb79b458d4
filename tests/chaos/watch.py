"""Watches how far the stored clicks have come, to tell when things are well again."""

import time
from typing import NamedTuple

from clickhouse_driver import errors

from tests.chaos.background import Background
from tests.chaos.client_log import REFERRER
from tests.chaos.stage import Stage

_LOOK_SECONDS = 0.25


class Look(NamedTuple):
    """The highest number of a stored click at a Unix time in milliseconds."""

    at_ms: int
    number: int


class Watch(Background):
    """Looks at the clicks of one code, some of all, as a context manager.

    Attributes:
        looks: what it saw, in order; moments at which ClickHouse didn't answer are left out.
    """

    def __init__(self, stage: Stage, code: str) -> None:
        super().__init__()
        self.looks: list[Look] = []
        self._stage = stage
        self._query = (
            f"SELECT max(toUInt64OrZero(extract(referrer, '^{REFERRER}(\\\\d+)'))) FROM clicks"
            f" WHERE short_code = '{code}'"
        )

    def _work(self) -> None:
        while not self._is_over.wait(_LOOK_SECONDS):
            try:
                [(number,)] = self._stage.ask_clickhouse(self._query)
            except (errors.Error, OSError, EOFError):
                continue
            self.looks.append(Look(time.time_ns() // 1_000_000, number))
