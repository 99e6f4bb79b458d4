"""``python -m loadtest.bench_reports``: reports beside the six scans of before, held to targets."""

import argparse
import shutil
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from app.processes.child import ChildFailed
from loadtest.bench_reports.crowd import measure_crowd
from loadtest.bench_reports.export import end_of, measure_exports
from loadtest.bench_reports.generated import fill, needed_bytes, plan
from loadtest.bench_reports.installation import (
    TIMEOUT_SECONDS,
    Cpu,
    Installation,
    running_installation,
)
from loadtest.bench_reports.plot import draw
from loadtest.bench_reports.questions import ask_in_turn, questions_of
from loadtest.bench_reports.results import Calm, Results, Work
from loadtest.bench_reports.seed import make_sums
from loadtest.bench_reports.tables import print_report
from loadtest.bench_reports.traffic import running_traffic
from loadtest.common.command_line import Say, add_count, add_output, speaker, terminal, write

#: After which a question is asked no more; six scans of many clicks take longer once.
_MOST_SECONDS = 20.0


def main() -> int:
    """Measure, print, write; return the exit code: 0 done, 1 failed or not exact, 2 wrong usage."""
    options = _options().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        with TemporaryDirectory(prefix="hopline-bench-reports-", dir=options.directory) as name:
            _require_room(Path(name), options.clicks)
            results, fault = _measure(options, Path(name), speaker())
    except (ChildFailed, NoRoom) as error:
        print(f"bench-reports: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print_report(results, terminal())
    write(options.output, "bench-reports", results.as_json(), partial(draw, results))
    if fault:
        print(f"bench-reports: {fault}", file=sys.stderr)
    return 0 if results.is_exact and not fault else 1


class NoRoom(Exception):
    """The disk has too little room."""


def _require_room(directory: Path, clicks: int) -> None:
    needed_gb, free_gb = needed_bytes(clicks) / 1e9, shutil.disk_usage(directory).free / 1e9
    if free_gb < needed_gb:
        raise NoRoom(
            f"{clicks:,} clicks need {needed_gb:.1f} GB in {directory.parent}, of which"
            f" {free_gb:.1f} are free: name another folder by --directory, or fewer --clicks"
        )


def _measure(options: argparse.Namespace, directory: Path, say: Say) -> tuple[Results, str]:
    """Return what was found, and what broke off the part that comes after the questions."""
    until_ms = time.time_ns() // 1_000_000
    generated = plan(options.clicks, options.links, options.days, until_ms)
    results = Results(generated)
    with running_installation(directory) as installation:
        say(f"making up {generated.clicks:,} clicks")
        results.fill = _worked(installation, lambda: fill(installation.clickhouse_url, generated))
        results.raw_bytes = installation.disk_bytes("clicks")
        say(f"sums of {len(generated.days)} days")
        results.sums = _worked(
            installation,
            lambda: make_sums(installation.clickhouse_url, generated.days, TIMEOUT_SECONDS),
        )
        results.sums_bytes = installation.disk_bytes("click_sums", "click_values")
        asking = questions_of(installation, generated)
        results.runs = ask_in_turn(asking, options.rounds, _MOST_SECONDS, say)
        try:
            _measure_load(results, installation, options.seconds, say)
            say("exports")
            results.exports = measure_exports(installation, generated, end_of(until_ms), directory)
        except RuntimeError as error:
            return results, str(error)
    return results, ""


def _measure_load(results: Results, installation: Installation, seconds: float, say: Say) -> None:
    with running_traffic(installation.redis_url, installation.clickhouse_url) as incoming:
        say("1,000 clicks a second")
        incoming.take()
        work = _worked(installation, lambda: time.sleep(seconds))
        results.calm = Calm(incoming.take(), work)
        say("eight reports at once")
        results.crowd = measure_crowd(installation, seconds)
        results.rush = incoming.take()


def _worked(installation: Installation, what: Callable[[], object]) -> Work:
    before, began = installation.cpu(), time.perf_counter()
    what()
    seconds, after = time.perf_counter() - began, installation.cpu()
    return Work(seconds, Cpu(*(now - then for now, then in zip(after, before, strict=True))))


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.bench_reports",
        description="Measure reports over generated clicks, on this machine. 20,000,000 clicks"
        f" need {needed_bytes(20_000_000) / 1e9:.0f} GB of disk, 200,000,000"
        f" {needed_bytes(200_000_000) / 1e9:.0f} GB.",
    )
    add_count(parser, "--clicks", 20_000_000, "how many ClickHouse makes up")
    add_count(parser, "--links", 100_000, "among which they are spread")
    add_count(parser, "--days", 90, "over which they are spread")
    add_count(parser, "--rounds", 20, "how often each question is asked at most, in turn")
    add_count(parser, "--seconds", 20, "how long clicks come in, alone and beside eight reports")
    parser.add_argument("--directory", type=Path, help="where the disk has room (default: /tmp)")
    add_output(parser, "bench-reports.json and bench-reports.svg")
    return parser


if __name__ == "__main__":
    sys.exit(main())
