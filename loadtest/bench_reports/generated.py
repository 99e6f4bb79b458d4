"""Generated clicks: what ClickHouse makes up, for some days, and how it comes into the table.

Half of all clicks are of one link, the others of links by Zipf's law. A visitor has a country, a
language and a browser, and a new id each day; texts are as long and as varied as real ones, so that
sizes are honest. Rows are made in the order of the table, which spares the server sorting them.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import log
from pathlib import Path

from clickhouse_driver import Client

HOTTEST = "hottest"
_SQL = (Path(__file__).parent / "sql" / "fill.sql").read_text()
#: Rows of a part before it is merged; two of them are held in memory at once.
_BLOCK_ROWS = 2_000_000
_AT_ONCE = 2
#: The clicks of the last day are in so many parts, as inserts and merges leave them.
_FRESH_PARTS = 10
#: Of so many days the clicks are in the ledger; it keeps one more.
LEDGER_DAYS = 34
#: Rows that are stored once more, with newer enrichment.
_STORED_TWICE = 1_000
_CLICKS_OF_A_VISITOR = 1.7
#: Disk for a click of a month that is merged and so there twice, and of its sums, with some room.
_BYTES_OF_A_CLICK = 105
_LEAST_BYTES = 1_000_000_000
_SETTINGS = {
    "max_threads": 1,
    "max_insert_threads": 1,
    "max_block_size": 65_536,
    "max_insert_block_size": _BLOCK_ROWS,
    "min_insert_block_size_rows": _BLOCK_ROWS,
    "min_insert_block_size_bytes": 0,
    "max_execution_time": 0,
}
_LEDGER = """
INSERT INTO ledger (click_id, time) SELECT DISTINCT click_id, time FROM filling
WHERE time >= fromUnixTimestamp64Milli(%(since_ms)s, 'UTC') ORDER BY time
"""


@dataclass(frozen=True, slots=True)
class Slice:
    """Clicks of a time that lies in one month.

    Attributes:
        first: number of its first click among all.
        count: of its clicks.
    """

    since_ms: int
    until_ms: int
    first: int
    count: int

    @property
    def hottest(self) -> int:
        """How many of them are of the hottest link."""
        return self.count // 2


@dataclass(frozen=True, slots=True)
class Generated:
    """All that is made up.

    Attributes:
        span_days: from the first click to the last.
        rested: slices of the months up to the last day, each of which is one part in the end.
        fresh: slices of the last day.
    """

    clicks: int
    links: int
    span_days: int
    rested: tuple[Slice, ...]
    fresh: tuple[Slice, ...]

    @property
    def hottest(self) -> int:
        """How many clicks the hottest link has."""
        return sum(each.hottest for each in (*self.rested, *self.fresh))

    @property
    def days(self) -> list[date]:
        """The days (UTC) that are over, oldest first."""
        first, last = (
            datetime.fromtimestamp(ms / 1000, UTC).date()
            for ms in ((*self.rested, *self.fresh)[0].since_ms, self.fresh[-1].until_ms)
        )
        return [first + timedelta(days) for days in range((last - first).days)]

    def link_with(self, clicks: int) -> str:
        """Return the code of a link with about so many clicks."""
        found = (self.clicks - self.hottest) / (clicks * log(self.links + 1))
        return f"link{min(max(round(found), 1), self.links):06d}"


def plan(clicks: int, links: int, span_days: int, until_ms: int) -> Generated:
    """Return what to make up: as many clicks in each hour of the days before a moment."""
    until = datetime.fromtimestamp(until_ms / 1000, UTC)
    fresh_since = until - timedelta(days=1)
    borders = [*_months(until - timedelta(days=span_days), fresh_since), fresh_since]
    borders += [fresh_since + timedelta(days=1) * part / _FRESH_PARTS for part in range(1, 10)]
    # A month may begin within the last day.
    borders = sorted({*borders, until, *_months(fresh_since, until)})
    slices = _slices([round(border.timestamp() * 1000) for border in borders], clicks)
    split_ms = round(fresh_since.timestamp() * 1000)
    return Generated(
        clicks,
        links,
        span_days,
        tuple(each for each in slices if each.since_ms < split_ms),
        tuple(each for each in slices if each.since_ms >= split_ms),
    )


def _months(since: datetime, until: datetime) -> Iterator[datetime]:
    """Yield a moment, and the first of each month up to another."""
    while since < until:
        yield since
        since = (since.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
                 + timedelta(days=32)).replace(day=1)  # fmt: skip


def _slices(borders_ms: Sequence[int], clicks: int) -> list[Slice]:
    begin_ms, span_ms = borders_ms[0], borders_ms[-1] - borders_ms[0]
    firsts = [clicks * (border_ms - begin_ms) // span_ms for border_ms in borders_ms]
    return [
        Slice(since_ms, until_ms, first, end - first)
        for since_ms, until_ms, first, end in zip(
            borders_ms, borders_ms[1:], firsts, firsts[1:], strict=False
        )
    ]


def needed_bytes(clicks: int) -> int:
    """Return how much disk so many clicks need while they are made and measured."""
    return _LEAST_BYTES + clicks * _BYTES_OF_A_CLICK


def fill(url: str, generated: Generated) -> None:
    """Have ClickHouse make the clicks up, and move them into the table at once.

    Whoever looks at the table meanwhile finds all of a month's clicks or none.
    """
    with Client.from_url(url) as client:
        client.execute("CREATE TABLE filling AS clicks")
        client.execute("SYSTEM STOP MERGES filling")
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda each: _make(url, generated, each), generated.rested))
            client.execute("SYSTEM START MERGES filling")
            list(pool.map(lambda part: _merge(url, part), _partitions(client)))
        client.execute("SYSTEM STOP MERGES filling")
        for each in generated.fresh:
            _make(url, generated, each)
        last = generated.fresh[-1]
        _make(url, generated, last, min(last.count, _STORED_TWICE))
        span_ms = LEDGER_DAYS * 86_400_000
        client.execute(_LEDGER, {"since_ms": last.until_ms - span_ms}, settings=_SETTINGS)
        for part in _partitions(client):
            client.execute(f"ALTER TABLE filling MOVE PARTITION ID '{part}' TO TABLE clicks")
        client.execute("DROP TABLE filling SYNC")


def _make(url: str, generated: Generated, each: Slice, count: int | None = None) -> None:
    visitors_of_a_day = generated.clicks / generated.span_days / _CLICKS_OF_A_VISITOR
    values = {
        "since_ms": each.since_ms,
        "span_ms": each.until_ms - each.since_ms,
        "first": each.first,
        "count": each.count if count is None else count,
        "hottest": each.hottest,
        "links": generated.links,
        "people": max(1, round(visitors_of_a_day)),
        "of_all": each.count,
        "later_seconds": 0 if count is None else 60,
    }
    with Client.from_url(url) as client:
        client.execute(_SQL, values, settings=_SETTINGS)


def _merge(url: str, partition: str) -> None:
    settings = {"max_execution_time": 0, "optimize_skip_merged_partitions": 1}
    with Client.from_url(url) as client:
        client.execute(
            f"OPTIMIZE TABLE filling PARTITION ID '{partition}' FINAL", settings=settings
        )


def _partitions(client: Client) -> list[str]:
    rows = client.execute(
        "SELECT DISTINCT partition_id FROM system.parts"
        " WHERE database = currentDatabase() AND table = 'filling' AND active ORDER BY 1"
    )
    return [part for (part,) in rows]
