"""Account of clicks: what visitors were answered beside what ClickHouse counts."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from app.stores.clickhouse.connection import connect
from tests.chaos.accounts.settle import Settling
from tests.chaos.visitors.client_log import NUMBER, Sent

#: FINAL is what every report reads: of each click id the newest row.
_COUNTED = f"SELECT {NUMBER} AS number, count() FROM clicks FINAL WHERE number > 0 GROUP BY number"
_EACH_ROW = f"""
SELECT {NUMBER} AS number, toUnixTimestamp64Milli(min(enriched_at)), count()
FROM clicks WHERE number > 0 GROUP BY number
"""
_QUERY_SECONDS = 60.0


class Stored(NamedTuple):
    """What ClickHouse holds.

    Attributes:
        counted: how often each click is.
        at_ms: about when each was first, in Unix milliseconds: a worker made its row then.
        rows: of all clicks.
    """

    counted: Mapping[int, int]
    at_ms: Mapping[int, int]
    rows: int


class Counts(NamedTuple):
    """What came of the clicks, by their numbers.

    Attributes:
        unanswered: visitors who got no redirect.
        lost: answered and not counted.
        doubled: counted more than once.
        unknown: counted, and sent by nobody.
        repeated_rows: rows beyond one for each counted click; no report counts them.
    """

    sent: int
    unanswered: list[int]
    lost: list[int]
    doubled: list[int]
    unknown: list[int]
    repeated_rows: int


def read_stored(testbed: Settling) -> Stored:
    """Return what is counted now."""
    counted = testbed.ask_clickhouse(_COUNTED, columnar=True) or ((), ())
    numbers, at_ms, rows = testbed.ask_clickhouse(_EACH_ROW, columnar=True) or ((), (), ())
    times = dict(zip(numbers, at_ms, strict=True))
    return Stored(dict(zip(*counted, strict=True)), times, sum(rows))


def compare(clicks: Iterable[Sent], stored: Stored) -> Counts:
    """Hold both against each other."""
    answered = {click.number: click.is_answered for click in clicks}
    counted = stored.counted
    return Counts(
        sent=len(answered),
        unanswered=sorted(number for number, is_answered in answered.items() if not is_answered),
        lost=sorted(
            number
            for number, is_answered in answered.items()
            if is_answered and number not in counted
        ),
        doubled=sorted(number for number, count in counted.items() if count > 1),
        unknown=sorted(counted.keys() - answered.keys()),
        repeated_rows=stored.rows - sum(counted.values()),
    )


def told_unanswered(clicks: Iterable[Sent], struck_ms: int) -> list[str]:
    """Return what each visitor got who was not redirected, in order of time.

    Args:
        struck_ms: the first blow, in Unix milliseconds.
    """
    return [
        f"{click.number}: {click.status or 'nothing'} for {click.code} at {click.via} after"
        f" {click.waited_ms:.0f} ms, sent {click.sent_ms - struck_ms:+,} ms from the first blow"
        for click in sorted(clicks, key=lambda click: click.sent_ms)
        if not click.is_answered
    ]


def differing(first_url: str, second_url: str) -> int:
    """Return how many clicks two servers of ClickHouse count differently."""
    first, second = (set(_counted_by(url)) for url in (first_url, second_url))
    return len({number for number, _ in first ^ second})


def _counted_by(url: str) -> list[tuple[int, int]]:
    with connect(url, timeout_seconds=_QUERY_SECONDS) as client:
        return [tuple(row) for row in client.execute(_COUNTED)]
