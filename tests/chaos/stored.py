"""What was counted: the clicks in ClickHouse by their numbers, and the reports on them."""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from tests.chaos.client_log import REFERRER
from tests.chaos.stage import Stage

_HOPLINE = str(Path(sys.executable).with_name("hopline"))
#: An audit of a million clicks takes a while.
_COMMAND_SECONDS = 600
_TRIES = 5
_BY_NUMBER = f"""
SELECT toUInt64OrZero(extract(referrer, '^{REFERRER}(\\\\d+)')) AS number,
    uniqExact(click_id), count(), any(short_code)
FROM clicks GROUP BY number
"""


class Stored(NamedTuple):
    """One click in ClickHouse; in ``rows`` are those that say the same once more."""

    distinct: int
    rows: int
    code: str


def read_stored(stage: Stage) -> dict[int, Stored]:
    """Return what is stored by number."""
    columns = stage.ask_clickhouse(_BY_NUMBER, columnar=True)
    if not columns:
        return {}
    numbers, distinct, rows, codes = columns
    each = zip(numbers, distinct, rows, codes, strict=True)
    return {number: Stored(*of_it) for number, *of_it in each}


def reported(stage: Stage, codes: Iterable[str]) -> dict[str, int]:
    """Return how many clicks `hopline stats` shows for each code."""
    return {code: _reported(stage, code) for code in codes}


def _reported(stage: Stage, code: str) -> int:
    """Return what one report says; on a busy machine it may take too long for a first try."""
    for _ in range(_TRIES):
        figures = hopline(stage, "stats", code, "--json")[1]
        if figures is not None:
            return int(figures["clicks"])
    raise TimeoutError(f"hopline stats {code} failed {_TRIES} times")


def hopline(stage: Stage, *arguments: str) -> tuple[int, Any]:
    """Run the command; return its exit code and the JSON that it wrote."""
    done = subprocess.run(
        [_HOPLINE, *arguments],
        env=stage.environ(stage.settings),
        capture_output=True,
        text=True,
        timeout=_COMMAND_SECONDS,
        check=False,
    )
    return done.returncode, json.loads(done.stdout or "null")
