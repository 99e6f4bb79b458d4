"""Questions of the benchmark: pages as the console answers them, and the scans of before."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from loadtest.bench_reports.generated import HOTTEST, Generated
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
_PAGE = f"/api/v1/links/{HOTTEST}/stats"
BEFORE = "hottest link, six scans of before"
SAME = "hottest link, the same question"
LINK_PAGE = "hottest link, 30 days beside 30 before"
OVERVIEW = "overview of all, 30 days beside 30 before"
FILTERS = "hottest link, two filters"
QUIET = "quiet link, 2,000 clicks"
_QUIET_CLICKS = 2_000
PAGES = {
    SAME: f"{_PAGE}?interval=day",
    LINK_PAGE: f"{_PAGE}?period=30d&compare=previous",
    FILTERS: f"{_PAGE}?filter=country%3DDE%20and%20browser~chrome",
    "hottest link, days of Kolkata": f"{_PAGE}?period=30d&compare=previous&tz=Asia/Kolkata",
    OVERVIEW: "/api/v1/stats?period=30d&compare=previous&by=link,referrer,country,device",
    QUIET: "/api/v1/links/{quiet}/stats",
}


@dataclass(frozen=True, slots=True)
class Run:
    """One answer to a question.

    Attributes:
        clickhouse_seconds: of CPU time.
        clicks: that it found.
        rows_read: by ClickHouse; 0 where it is not told.
    """

    seconds: float
    clickhouse_seconds: float
    clicks: int
    rows_read: int = 0


def ask_in_turn(
    asking: Mapping[str, Callable[[], Run]],
    rounds: int,
    most_seconds: float,
    say: Callable[[str], None],
) -> dict[str, list[Run]]:
    """Return what each question found, asked in turn.

    The first answer to each doesn't count: what it reads isn't in memory yet.

    Args:
        most_seconds: for each question; one that takes longer is asked once more and counts.
    """
    runs: dict[str, list[Run]] = {name: [] for name in asking}
    spent = dict.fromkeys(asking, 0.0)
    for number in range(rounds + 1):
        left = [name for name in asking if len(runs[name]) < 1 or spent[name] < most_seconds]
        say(f"questions, round {number} of {rounds}: {len(left)} of {len(asking)}")
        for name in left:
            run = asking[name]()
            spent[name] += run.seconds
            if number or run.seconds > most_seconds:
                runs[name].append(run)
    return runs


def questions_of(installation: Installation, generated: Generated) -> dict[str, Callable[[], Run]]:
    """Return what asks each question once."""
    quiet = generated.link_with(_QUIET_CLICKS)
    asking = {
        name: lambda path=path: _measured(installation, lambda: _ask(installation, path))
        for name, path in ((name, path.format(quiet=quiet)) for name, path in PAGES.items())
    }
    return {BEFORE: lambda: _measured(installation, lambda: _scan(installation)), **asking}


def _measured(installation: Installation, ask: Callable[[], tuple[int, int]]) -> Run:
    cpu, began = installation.cpu().clickhouse, time.perf_counter()
    clicks, rows_read = ask()
    seconds = time.perf_counter() - began
    return Run(seconds, installation.cpu().clickhouse - cpu, clicks, rows_read)


def _ask(installation: Installation, path: str) -> tuple[int, int]:
    answer = installation.ask(path)
    return int(answer["clicks"]), int(answer["meta"]["rows_read"])


def _scan(installation: Installation) -> tuple[int, int]:
    settings = {"do_not_merge_across_partitions_select_final": 1, "max_execution_time": 0}
    client, rows_read, answers = installation.clickhouse, 0, []
    for scan in _SCANS:
        text = scan.format(condition=f"short_code = '{HOTTEST}'")
        answers.append(client.execute(text, settings=settings))
        rows_read += client.last_query.progress.rows
    humans, _, bots = answers[1][-1][1:]
    return int(humans + bots), rows_read
