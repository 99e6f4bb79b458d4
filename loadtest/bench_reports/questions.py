"""Questions of the benchmark: pages as the console answers them, and the scans of before."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import isqrt

from loadtest.bench_reports.installation import Installation

#: As reports were made before: one scan for the bounds, one for the timeline, five breakdowns.
_SCANS = (
    "SELECT count(), min(time), max(time) FROM clicks WHERE {condition}",
    "SELECT toDateTime(toStartOfDay(time), 'UTC') AS start, countIf(NOT is_bot),"
    " uniqExactIf(visitor_id, NOT is_bot), countIf(is_bot)"
    " FROM clicks FINAL WHERE {condition} GROUP BY start WITH TOTALS ORDER BY start",
    *(
        f"SELECT {column} AS name, countIf(NOT is_bot) AS clicks,"
        " uniqExactIf(visitor_id, NOT is_bot) FROM clicks FINAL WHERE {condition}"
        " GROUP BY name WITH TOTALS HAVING clicks > 0 ORDER BY clicks DESC, name LIMIT 10"
        for column in ("country", "browser", "os", "device", "referrer_host")
    ),
)
_HOTTEST = "/api/v1/links/hottest/stats"
BEFORE = "hottest link, six scans of before"
SAME = "hottest link, the same question"
PAGES = {
    SAME: f"{_HOTTEST}?interval=day",
    "hottest link, 30 days beside 30 before": f"{_HOTTEST}?period=30d&compare=previous",
    "hottest link, two filters": f"{_HOTTEST}?filter=country%3DDE%20and%20browser~chrome",
    "hottest link, without visitors": f"{_HOTTEST}?metrics=clicks,humans,bots,share",
    "overview of all, 30 days beside 30 before": (
        "/api/v1/stats?period=30d&compare=previous&by=link,referrer,country,device"
    ),
    "quiet link": "/api/v1/links/link{quiet}/stats",
}


@dataclass(frozen=True, slots=True)
class Run:
    """One answer to a question.

    Attributes:
        clickhouse_seconds: of CPU time.
        clicks: that it found.
    """

    seconds: float
    clickhouse_seconds: float
    clicks: int


def runs_of(installation: Installation, links: int) -> dict[str, Callable[[], Run]]:
    """Return what asks each question once.

    Args:
        links: how many there are; one of the middle, by their ranks' logarithm, is the quiet one.
    """
    paths = {name: path.format(quiet=isqrt(links)) for name, path in PAGES.items()}
    asking = {
        name: lambda path=path: _measured(installation, lambda: _ask(installation, path))
        for name, path in paths.items()
    }
    return {BEFORE: lambda: _measured(installation, lambda: _scan(installation)), **asking}


def _measured(installation: Installation, ask: Callable[[], int]) -> Run:
    cpu, began = installation.clickhouse_cpu_seconds(), time.perf_counter()
    clicks = ask()
    seconds = time.perf_counter() - began
    return Run(seconds, installation.clickhouse_cpu_seconds() - cpu, clicks)


def _ask(installation: Installation, path: str) -> int:
    answer = installation.ask(path)
    return int(answer["clicks"])


def _scan(installation: Installation) -> int:
    settings = {"do_not_merge_across_partitions_select_final": 1}
    condition = "short_code = 'hottest'"
    answers = [
        installation.clickhouse.execute(scan.format(condition=condition), settings=settings)
        for scan in _SCANS
    ]
    humans, _, bots = answers[1][-1][1:]
    return int(humans + bots)
