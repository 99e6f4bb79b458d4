"""Account of clicks: what visitors were answered beside what ClickHouse counts."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tests.chaos.accounts.settle import Settling
from tests.chaos.visitors.client_log import NUMBER, Sent

#: FINAL is what every report reads: of each click id the newest row.
_COUNTED = f"SELECT {NUMBER} AS number, count() FROM clicks FINAL WHERE number > 0 GROUP BY number"
_ROWS = f"SELECT count() FROM clicks WHERE {NUMBER} > 0"


class Stored(NamedTuple):
    """What ClickHouse holds: how often each click is counted, and rows in all."""

    counted: Mapping[int, int]
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
    columns = testbed.ask_clickhouse(_COUNTED, columnar=True) or ((), ())
    [(rows,)] = testbed.ask_clickhouse(_ROWS)
    return Stored(dict(zip(*columns, strict=True)), rows)


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
