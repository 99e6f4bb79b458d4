"""Computation that makes the sums of a day of its clicks, and publishes them.

Rule: what fails half-way is given up, and the next try has a version of its own; so no row of a
      version is ever inserted twice.
"""

import logging
import secrets
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple

from app.stores.clickhouse.connection import insert_settings
from app.stores.clickhouse.driver import Client
from app.stores.clickhouse.shards import ClickHouseConnection
from app.stores.scripts import query
from app.sums.days import HOT_CLICKS, LEADING_LINKS, REVISION, State
from app.sums.replicas import have_clicks, have_sums

logger = logging.getLogger(__name__)

#: Clicks that are looked at together, about; some 100 MB of the server's memory.
SLICE_CLICKS = 1_000_000
#: Slices that are read at once, for a day's clicks are all over its month: compressed, 25 MB each.
_READ_SLICES = 8
#: What links' clicks are told apart by, as reports call it, and its SQL. Not among them is what may
#: have as many values as there are clicks. What is added here needs another REVISION.
DIMENSIONS: Final[dict[str, str]] = {
    "country": "country",
    "browser": "browser",
    "os": "os",
    "device": "device",
    "referrer": "referrer_host",
    "bot": "bot",
    "language": "language",
    "target": "target",
    "host": "host",
    "source": "source",
    "channel": "channel",
    "verdict": "verdict",
    "kind": "if(is_bot, 'bot', 'person')",
}
#: Of all links together also by the hour. A target has a link's clicks, too few for its hours.
HOURLY: Final[dict[str, str]] = {name: sql for name, sql in DIMENSIONS.items() if name != "target"}
#: Of all links together also by link.
_LINK = {"link": "short_code"}
#: Whose rows are made, and of which clicks. '' is all links: a code that somebody else's producer
#: has left empty has no rows of its own.
_ALL = {"code": "''", "which": "1"}
_OF_LINKS = {"code": "short_code", "which": "short_code != ''"}
_OF_HOT_LINKS = {"code": "short_code", "which": "short_code IN (SELECT short_code FROM hot_codes)"}
#: Where links with many clicks are looked for: in the table, which has the clicks among those of a
#: month, or in memory, if all of the day are there.
_STORED = """clicks
PREWHERE time >= fromUnixTimestamp64Milli({first_ms:Int64}, 'UTC')
    AND time < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')"""
_TAKEN = "day_slices"
_SLICES = """
CREATE TEMPORARY TABLE day_slices ENGINE = Memory SETTINGS compress = 1
AS SELECT *, toUInt32(0) AS slice FROM day_clicks
"""
_SLICE = """
INSERT INTO day_clicks SELECT * EXCEPT slice FROM day_slices WHERE slice = {slice:UInt32}
"""
#: One processor: nobody waits for it. Nothing is moved in front of FINAL, whatever a profile says.
_SETTINGS = {
    "max_threads": 1,
    "do_not_merge_across_partitions_select_final": 1,
    "optimize_move_to_prewhere_if_final": 0,
    "group_by_use_nulls": 0,
}
#: No insert is the retry of another one.
_NO_TOKENS = {"insert_deduplicate": 0, "deduplicate_insert": "disable"}
#: Longest that a mark and its clicks are apart, if inserts take no longer.
_LEAST_SETTLE_SECONDS = 60.0
_RANDOM_BITS = 20

#: Beside a projection of the table, those that ClickHouse (26.7) makes up count rows twice.
_COUNT = """
SELECT count() FROM clicks WHERE time >= fromUnixTimestamp64Milli({first_ms:Int64}, 'UTC')
    AND time < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
SETTINGS optimize_use_implicit_projections = 0
"""
_TOTAL = """
SELECT sum(clicks), sum(humans) FROM click_sums
WHERE short_code = '' AND toDate(time) = {day:Date} AND version = {version:UInt64}
"""
_NOTE = """
INSERT INTO click_sum_days (day, version, state, marks_before, clicks, humans, revision) VALUES
"""


class Computed(NamedTuple):
    """What a computation has published: a version, and what all links got that day."""

    version: int
    clicks: int
    humans: int


class Computation:
    """Makes sums, over connections of its own.

    Args:
        url: as :func:`app.stores.clickhouse.connection.connect` reads it.
        timeout_seconds: longest wait for an answer, of an insert as well.
        slice_clicks: about how many clicks are looked at together.
    """

    def __init__(self, url: str, timeout_seconds: float, slice_clicks: int = SLICE_CLICKS) -> None:
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._slice_clicks = slice_clicks
        self._connection = ClickHouseConnection(url, timeout_seconds, _SETTINGS)

    def close(self) -> None:
        """Hang up; the next day connects anew."""
        self._connection.close()

    @property
    def settle_seconds(self) -> float:
        """How long after a mark a computation has to begin to hold for it."""
        return settle_seconds(self._timeout_seconds)

    def compute(self, day: date) -> Computed:
        """Make and publish the sums of a day that is over.

        Raises:
            ClickHouseUnavailable, ClickHouseRefused: as the server says; nothing is published, or
                it is not known whether it is.
        """
        # Temporary tables live as long as their connection.
        with closing(self):
            return self._connection.ask(lambda client: self._compute(client, day))

    def _compute(self, client: Client, day: date) -> Computed:
        began = _now(client)
        version = new_version(began)
        marks_before = began - timedelta(seconds=self.settle_seconds)
        _note(client, (day, version, State.BEGUN, marks_before, 0, 0))
        have_clicks(client, self._url, self._timeout_seconds)
        self._insert(client, day, version)
        have_sums(client, self._url, self._timeout_seconds)
        params = {"day": day, "version": version}
        ((clicks, humans),) = client.execute(_TOTAL, params)
        _note(client, (day, version, State.PUBLISHED, marks_before, clicks, humans))
        logger.info("summed up %d clicks of %s", clicks, day)
        return Computed(version, clicks, humans)

    def _insert(self, client: Client, day: date, version: int) -> None:
        begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
        first_ms = int(begin.timestamp()) * 1000
        span = {"first_ms": first_ms, "end_ms": first_ms + 86_400_000}
        ((rows,),) = client.execute(_COUNT, span)
        if not rows:
            return
        client.execute(query("app.sums", "day_clicks"))
        client.execute(_SLICES)
        client.execute("CREATE TEMPORARY TABLE hot_codes (short_code String) ENGINE = Memory")
        for _ in _taken(client, span, -(-rows // self._slice_clicks)):
            for parts in (_ALL, _OF_LINKS):
                _run(client, "sums", {**span, "version": version}, **parts)
            _insert_values(client, {"day": day, "version": version})
        _run(client, "leading", {"day": day, "version": version, "most": LEADING_LINKS})


def _taken(client: Client, span: Mapping[str, int], slices: int) -> Iterator[int]:
    """Yield slices one by one while their clicks are in day_clicks, and hot links in hot_codes."""
    for first in range(0, slices, _READ_SLICES):
        end = min(first + _READ_SLICES, slices)
        _run(client, "take", {**span, "slices": slices, "first": first, "end": end})
        if first == 0:
            clicks = _TAKEN if end == slices else _STORED
            _run(client, "hot_codes", {**span, "least": HOT_CLICKS}, clicks=clicks)
        for number in range(first, end):
            client.execute(_SLICE, {"slice": number}, settings=_NO_TOKENS)
            yield number
            client.execute("TRUNCATE TABLE day_clicks")
        client.execute("TRUNCATE TABLE day_slices")


def settle_seconds(timeout_seconds: float) -> float:
    """Return how far a mark and its clicks may be apart where inserts have this timeout."""
    return max(_LEAST_SETTLE_SECONDS, 2 * timeout_seconds)


def new_version(began: datetime) -> int:
    """Return a version that nobody else has, greater than those of earlier beginnings."""
    return (int(began.timestamp() * 1000) << _RANDOM_BITS) + secrets.randbits(_RANDOM_BITS)


def _insert_values(client: Client, params: Mapping[str, object]) -> None:
    _run(client, "values", params, **_ALL, **_grouped(DIMENSIONS | _LINK))
    _run(client, "hours", params, **_grouped(HOURLY, "hour"))
    _run(client, "values", params, **_OF_HOT_LINKS, **_grouped(DIMENSIONS, "short_code"))


def _grouped(dimensions: Mapping[str, str], *keys: str) -> dict[str, str]:
    """Return the SQL that counts by each of these dimensions, and by keys beside it."""
    return {
        "dimension": ", ".join(f"grouping({name}) = 0, '{name}'" for name in dimensions),
        "value": ", ".join(dimensions),
        "columns": ", ".join(f"{sql} AS {name}" for name, sql in dimensions.items()),
        "sets": ", ".join(f"({', '.join([*keys, name])})" for name in dimensions),
    }


def _now(client: Client) -> datetime:
    # Of the server, whose clock marks are made by.
    ((now,),) = client.execute("SELECT now64(3, 'UTC')")
    assert isinstance(now, datetime)  # noqa: S101 - for the type
    return now


def _note(client: Client, row: tuple[object, ...]) -> None:
    client.execute(_NOTE, [(*row, REVISION)], settings=insert_settings(client, 1))


def _run(client: Client, name: str, params: Mapping[str, Any], **parts: str) -> None:
    client.execute(query("app.sums", name, **parts), params, settings=_NO_TOKENS)
