"""Care that an operator takes of clicks: audit, replay, backup and restore, each a command.

A backup and a restore are measured beside what ClickHouse alone takes to write lines of the same
clicks into a file, and to read them from it into such a table.
"""

import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from rich.console import Console

from loadtest.bench_reports.command import Ran, run_once
from loadtest.bench_reports.installation import Installation
from loadtest.common.command_line import Say, new_table
from loadtest.common.plot import LIGHT, draw_bars, save
from loadtest.common.targets import Target, at_most, targets_table

COMMANDS = {
    "audit of 24 hours": ("audit", "--since", "24h"),
    "audit of 33 days": ("audit",),
    "replay of 24 hours, dry run": ("replay", "--since", "24h", "--dry-run"),
}
#: Seconds that each may take, of 20 million clicks.
_MOST_SECONDS = dict(zip(COMMANDS, (2, 5, 10), strict=True))
BACKUP, RESTORE = "backup", "restore"
#: Times that each may take as long as the server alone, a click.
_MOST_TIMES = 2
_MOST_MB = 200
#: Clicks that the server writes and reads alone.
_ALONE_CLICKS = 1_000_000
_ELSEWHERE = "elsewhere"
_NO_LIMIT = {"max_execution_time": 0}
#: Ids are no text, which JSON would need.
_WRITE = """
INSERT INTO FUNCTION file(%(path)s, 'JSONCompactEachRow')
SELECT * REPLACE (hex(click_id) AS click_id) FROM clicks LIMIT %(rows)s
"""
_READ = """
INSERT INTO read_alone SELECT * REPLACE (unhex(click_id) AS click_id)
FROM file(%(path)s, 'JSONCompactEachRow', %(structure)s)
"""


class CareFailed(Exception):
    """A command failed, which the text names."""


@dataclass(slots=True)
class Care:
    """What commands took.

    Attributes:
        clicks: in the table.
        runs: of each command; of backup and restore one.
        alone_seconds: that the server alone needs a click, in the place of backup and restore.
    """

    clicks: int
    runs: dict[str, list[Ran]] = field(default_factory=dict)
    alone_seconds: dict[str, float] = field(default_factory=dict)

    def seconds(self, name: str) -> float:
        """Return what the slowest run of a command took."""
        return max(ran.seconds for ran in self.runs[name])

    def times_alone(self, name: str) -> float:
        """Return how often the server alone would have done it meanwhile."""
        return self.seconds(name) / self.clicks / self.alone_seconds[name]

    def targets(self) -> Iterator[Target]:
        """Yield every promise with what was found."""
        for name, most in _MOST_SECONDS.items():
            yield at_most(name, self.seconds(name), most, "{:.2f} s")
        for name in (BACKUP, RESTORE):
            text = f"{name} ÷ ClickHouse alone, a click"
            yield at_most(text, self.times_alone(name), _MOST_TIMES, "{:.2f}")
            peak_mb = max(ran.peak_bytes for ran in self.runs[name]) / 1e6
            yield at_most(f"{name}, memory", peak_mb, _MOST_MB, "{:.0f} MB")

    def as_json(self) -> dict[str, Any]:
        """Return everything as it was measured."""
        return asdict(self)


def measure_care(installation: Installation, folder: Path, rounds: int, say: Say) -> Care:
    """Run each command; what backup and restore leave is gone afterwards.

    Args:
        folder: where a backup has room.
        rounds: how often each is run that changes nothing.

    Raises:
        CareFailed: a command failed.
    """
    # Runs before this one may have added some.
    [(clicks,)] = installation.clickhouse.execute("SELECT count() FROM clicks")
    care = Care(clicks)
    try:
        _run_all(care, installation, folder, rounds, say)
    except RuntimeError as error:
        raise CareFailed(str(error)) from None
    care.alone_seconds = _measure_alone(installation, folder / "alone.jsonl.gz")
    return care


def _run_all(care: Care, installation: Installation, folder: Path, rounds: int, say: Say) -> None:
    for name, arguments in COMMANDS.items():
        say(name)
        care.runs[name] = [run_once(installation, *arguments) for _ in range(rounds)]
    backup = folder / "backup"
    shutil.rmtree(backup, ignore_errors=True)
    try:
        say(BACKUP)
        care.runs[BACKUP] = [run_once(installation, "backup", str(backup))]
        say(f"{RESTORE} into another database")
        care.runs[RESTORE] = [_restore(installation, backup)]
    finally:
        shutil.rmtree(backup, ignore_errors=True)
    say("ClickHouse alone")


def print_care(care: Care, console: Console) -> None:
    """Print what each command took, and targets."""
    headings = ("seconds", "ClickHouse CPU s", "memory MB", "runs")
    table = new_table(f"Care of {care.clicks:,} clicks, slowest runs", "command", *headings)
    for name, runs in care.runs.items():
        table.add_row(
            name,
            f"{care.seconds(name):,.2f}",
            f"{max(run.clickhouse_seconds for run in runs):,.2f}",
            f"{max(run.peak_bytes for run in runs) / 1e6:,.0f}",
            f"{len(runs)}",
        )
    console.print(table)
    for name, seconds in care.alone_seconds.items():
        console.print(f"ClickHouse alone in the place of {name}: {1e6 * seconds:.1f} µs a click")
    console.print(targets_table(care.targets()))


def draw_care(care: Care, path: Path) -> None:
    """Write a picture of the seconds that each command took."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    axes = figure.subplots()
    seconds = {name: care.seconds(name) for name in reversed(care.runs)}
    draw_bars(axes, seconds, [LIGHT["good"]] * len(seconds))
    axes.set_title(f"Seconds that commands take over {care.clicks:,} clicks, slowest runs")
    save(figure, path)


def _restore(installation: Installation, backup: Path) -> Ran:
    server, _, options = installation.clickhouse_url.partition("?")
    url = f"{server.rpartition('/')[0]}/{_ELSEWHERE}?{options}"
    drop = f"DROP DATABASE IF EXISTS {_ELSEWHERE} SYNC"
    installation.clickhouse.execute(drop)
    try:
        return run_once(installation, "restore", str(backup), HOPLINE_CLICKHOUSE_URL=url)
    finally:
        installation.clickhouse.execute(drop)


def _measure_alone(installation: Installation, path: Path) -> dict[str, float]:
    client, drop = installation.clickhouse, "DROP TABLE IF EXISTS read_alone SYNC"
    client.execute(drop)
    client.execute("CREATE TABLE read_alone AS clicks")
    columns = [(name, kind) for name, kind, *_ in client.execute("DESCRIBE TABLE read_alone")]
    structure = ", ".join(
        f"`{name}` {'String' if name == 'click_id' else kind}" for name, kind in columns
    )
    try:
        began = time.perf_counter()
        asked = {"path": str(path), "rows": _ALONE_CLICKS}
        client.execute(_WRITE, asked, settings=_NO_LIMIT)
        written = time.perf_counter()
        client.execute(_READ, {"path": str(path), "structure": structure}, settings=_NO_LIMIT)
        read = time.perf_counter()
        [(clicks,)] = client.execute("SELECT count() FROM read_alone")
    finally:
        path.unlink(missing_ok=True)
        client.execute(drop)
    return {BACKUP: (written - began) / clicks, RESTORE: (read - written) / clicks}
