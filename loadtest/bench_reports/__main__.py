"""``python -m loadtest.bench_reports``: reports beside the six scans of before, held to targets."""

import argparse
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from app.processes.child import ChildFailed
from loadtest.bench_reports.care import Care, CareFailed, draw_care, measure_care, print_care
from loadtest.bench_reports.crowd import measure_crowd
from loadtest.bench_reports.export import end_of, measure_exports
from loadtest.bench_reports.generated import HOTTEST, LEDGER_DAYS, fill, needed_bytes, plan
from loadtest.bench_reports.installation import (
    TIMEOUT_SECONDS,
    Cpu,
    Installation,
    running_installation,
)
from loadtest.bench_reports.kept import Filled, NotKept, read
from loadtest.bench_reports.kept import write as note
from loadtest.bench_reports.plot import draw
from loadtest.bench_reports.questions import ask_in_turn, questions_of
from loadtest.bench_reports.results import Calm, Results, Work
from loadtest.bench_reports.seed import SUMS_AT_ONCE, begin_ledger, make_sums
from loadtest.bench_reports.tables import print_report
from loadtest.bench_reports.traffic import running_traffic
from loadtest.common.command_line import Say, add_count, add_output, speaker, terminal, write

#: After which a question is asked no more; six scans of many clicks take longer once.
_MOST_SECONDS = 20.0
#: How often a command is run that changes nothing.
_MOST_CARE_ROUNDS = 5


def main() -> int:
    """Measure, print, write; return the exit code: 0 done, 1 failed or not exact, 2 wrong usage."""
    options = _parsed()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    say = speaker()
    try:
        with _folder(options) as folder:
            filled = _kept(options, folder)
            if not filled:
                _require_room(folder, options.clicks)
            with running_installation(folder) as installation:
                filled = _sum_up(
                    filled or _fill(options, folder, installation, say), folder, installation, say
                )
                if options.only_fill:
                    return 0
                if options.care:
                    rounds = min(options.rounds, _MOST_CARE_ROUNDS)
                    return _show_care(options, measure_care(installation, folder, rounds, say))
                results, fault = _measure(options, filled, installation, folder, say)
    except (ChildFailed, CareFailed, NoRoom, NotKept) as error:
        print(f"bench-reports: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print_report(results, terminal())
    write(options.output, "bench-reports", results.as_json(), partial(draw, results))
    if fault:
        print(f"bench-reports: {fault}", file=sys.stderr)
    return 0 if results.is_exact and not fault else 1


def _show_care(options: argparse.Namespace, care: Care) -> int:
    print_care(care, terminal())
    write(options.output, "bench-care", care.as_json(), partial(draw_care, care))
    return 0


@contextmanager
def _folder(options: argparse.Namespace) -> Iterator[Path]:
    """Yield the folder that is kept, or one that is gone afterwards."""
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        yield options.keep.resolve()
        return
    with TemporaryDirectory(prefix="hopline-bench-reports-", dir=options.directory) as name:
        yield Path(name)


def _kept(options: argparse.Namespace, folder: Path) -> Filled | None:
    return read(folder, clicks=options.clicks, links=options.links, days=options.days)


class NoRoom(Exception):
    """The disk has too little room."""


def _require_room(directory: Path, clicks: int) -> None:
    needed_gb, free_gb = needed_bytes(clicks) / 1e9, shutil.disk_usage(directory).free / 1e9
    if free_gb < needed_gb:
        raise NoRoom(
            f"{clicks:,} clicks need {needed_gb:.1f} GB in {directory.parent}, of which"
            f" {free_gb:.1f} are free: name another folder by --directory, or fewer --clicks"
        )


def _fill(
    options: argparse.Namespace, folder: Path, installation: Installation, say: Say
) -> Filled:
    """Make clicks up, and note what was made."""
    until_ms = time.time_ns() // 1_000_000
    generated = plan(options.clicks, options.links, options.days, until_ms)
    say(f"making up {generated.clicks:,} clicks")
    url = installation.clickhouse_url
    filling = _worked(installation, lambda: fill(url, generated))
    since_ms = until_ms - (LEDGER_DAYS - 1) * 86_400_000
    begin_ledger(url, installation.redis_url, since_ms, TIMEOUT_SECONDS)
    filled = Filled(
        generated.clicks,
        generated.links,
        generated.span_days,
        until_ms,
        filling,
        installation.disk_bytes("clicks"),
        sums=Work(0.0, Cpu(0.0, 0.0)),
        sums_bytes=0,
        summed=0,
    )
    note(folder, filled)
    return filled


def _sum_up(filled: Filled, folder: Path, installation: Installation, say: Say) -> Filled:
    """Make the sums of the days that have none, and note each that has; go on where a run ended."""
    if missing := len(filled.generated.days) - filled.summed:
        say(f"sums of {missing} days")
    url = installation.clickhouse_url
    while days := filled.generated.days[filled.summed :][:SUMS_AT_ONCE]:
        work = _worked(installation, partial(make_sums, url, days, TIMEOUT_SECONDS))
        filled = replace(
            filled,
            sums=filled.sums + work,
            sums_bytes=installation.disk_bytes("click_sums", "click_values"),
            summed=filled.summed + len(days),
        )
        note(folder, filled)
    return filled


def _measure(
    options: argparse.Namespace,
    filled: Filled,
    installation: Installation,
    folder: Path,
    say: Say,
) -> tuple[Results, str]:
    """Return what was found, and what broke off the part that comes after the questions."""
    generated = filled.generated
    installation.wait_for_consumers()
    added = installation.clicks_since(HOTTEST, filled.until_ms)
    results = Results(
        generated, filled.fill, filled.raw_bytes, filled.sums, filled.sums_bytes, added
    )
    asking = questions_of(installation, generated)
    results.runs = ask_in_turn(asking, options.rounds, _MOST_SECONDS, say)
    try:
        _measure_load(results, installation, options.seconds, say)
        say("exports")
        end = end_of(filled.until_ms)
        results.exports = measure_exports(installation, generated, end, folder)
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


def _parsed() -> argparse.Namespace:
    parser = _options()
    options = parser.parse_args()
    if options.only_fill and not options.keep:
        parser.error("--only-fill leaves nothing without --keep DIR")
    if options.keep and options.directory:
        parser.error("--keep names the folder: leave --directory out")
    return options


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
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="DIR",
        help="folder that stays: a run with the same clicks, links and days measures it again",
    )
    parser.add_argument(
        "--only-fill", action="store_true", help="end once it is filled (only with --keep)"
    )
    parser.add_argument(
        "--care",
        action="store_true",
        help="measure audit, replay, backup and restore in the place of reports",
    )
    add_output(parser, "bench-reports.json and bench-reports.svg")
    return parser


if __name__ == "__main__":
    sys.exit(main())
