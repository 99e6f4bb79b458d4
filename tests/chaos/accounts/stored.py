"""Clicks that were counted, in ClickHouse by numbers and in reports, and what the audit sees."""

from collections.abc import Sequence
from typing import NamedTuple

from tests.chaos.testbed.testbed import Testbed
from tests.chaos.visitors.client_log import NUMBER

_TRIES = 5
_BY_NUMBER = f"""
SELECT {NUMBER} AS number,
    uniqExact(click_id), count(), any(short_code)
FROM clicks GROUP BY number
"""
_YOUNGEST = f"""
SELECT hex(click_id) FROM clicks
WHERE time BETWEEN now() - INTERVAL 10 MINUTE AND now()
ORDER BY {NUMBER} DESC LIMIT 1
"""
_DELETE = "ALTER TABLE {} DELETE WHERE hex(click_id) = '{}' SETTINGS mutations_sync = 2"
_SINCE = "45m"


class Stored(NamedTuple):
    """One click in ClickHouse; in ``rows`` are those that say the same once more."""

    distinct: int
    rows: int
    code: str


def read_stored(testbed: Testbed) -> dict[int, Stored]:
    """Return what is stored by number."""
    columns = testbed.ask_clickhouse(_BY_NUMBER, columnar=True)
    if not columns:
        return {}
    numbers, distinct, rows, codes = columns
    each = zip(numbers, distinct, rows, codes, strict=True)
    return {number: Stored(*of_it) for number, *of_it in each}


def reported(testbed: Testbed, codes: Sequence[str]) -> dict[str, int]:
    """Return how many clicks `hopline stats` shows for each code.

    One report tells of all; on a busy machine it may take too long for a first try.
    """
    question = (*codes, "--by", "link", "--order", "clicks", "--limit", str(len(codes)), "--json")
    for _ in range(_TRIES):
        report = testbed.hopline("stats", *question)[1]
        if report is not None:
            clicks = {row["name"]: int(row["clicks"]) for row in report["by"]["link"]["top"]}
            return {code: clicks.get(code, 0) for code in codes}
    raise TimeoutError(f"hopline stats failed {_TRIES} times")


def sees_a_planted_loss(testbed: Testbed) -> bool:
    """Delete one click wherever ClickHouse knows of it; tell whether an audit misses it.

    To be called when everything has been counted.
    """
    found = testbed.ask_clickhouse(_YOUNGEST)
    if not found:
        return False
    for table in ("clicks", "ledger"):
        testbed.ask_clickhouse(_DELETE.format(table, found[0][0]))
    return testbed.hopline("audit", "--since", _SINCE, "--json")[0] == 1
