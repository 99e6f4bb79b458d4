"""``python -m loadtest.bench_workers``: the consumers beside a plain one and lower bounds."""

import argparse
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from app.processes.child import ChildFailed
from loadtest.bench_workers.backlog import fill
from loadtest.bench_workers.light_load import measure_light_load
from loadtest.bench_workers.lower_bounds import LowerBound, insert_alone, read_and_ack
from loadtest.bench_workers.plot import draw
from loadtest.bench_workers.report import print_report
from loadtest.bench_workers.results import ONE, PLAIN, TWO, Results
from loadtest.bench_workers.runs import Run, RunFailed, run_hopline, run_plain
from loadtest.bench_workers.stores import Stores, running_stores
from loadtest.common.command_line import Say, add_count, add_output, speaker, terminal, write
from loadtest.common.ports import free_port

#: Rows of the insert that is measured alone; ready columns of more would fill the memory.
_MOST_ROWS = 200_000


def main() -> int:
    """Measure, print, write; return the exit code: 0 done, 1 failed or not exact, 2 wrong usage."""
    options = _options().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    results = Results(options.clicks)
    try:
        with TemporaryDirectory(prefix="hopline-bench-workers-") as name:
            _measure(results, options, Path(name), speaker())
    except (ChildFailed, RunFailed) as error:
        print(f"bench-workers: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    _publish(results, options.output)
    return 0 if results.is_exact else 1


def _measure(results: Results, options: argparse.Namespace, directory: Path, say: Say) -> None:
    with running_stores(directory) as stores:
        say(f"filling a stream with {options.clicks:,} clicks")
        fill(stores.redis, options.clicks)
        for number in range(options.rounds):
            for name, measure in _runs(stores, options.clicks, directory).items():
                say(f"round {number + 1} of {options.rounds}: {name}")
                results.runs.setdefault(name, []).append(measure())
            for name, measure_bound in _lower_bounds(stores, options.clicks).items():
                say(f"round {number + 1} of {options.rounds}: {name}")
                results.lower_bounds.setdefault(name, []).append(measure_bound())
        say("light load, then none")
        results.light = measure_light_load(stores, options.seconds, directory / "light.log")


def _runs(stores: Stores, count: int, directory: Path) -> dict[str, Callable[[], Run]]:
    log = directory / "workers.log"
    return {
        ONE: lambda: run_hopline(stores, count, 1, free_port(), log),
        PLAIN: lambda: run_plain(stores, count, directory / "straightforward.log"),
        TWO: lambda: run_hopline(stores, count, 2, free_port(), log),
    }


def _lower_bounds(stores: Stores, count: int) -> dict[str, Callable[[], LowerBound]]:
    rows = min(count, _MOST_ROWS)
    return {
        "XREADGROUP and XACK alone": lambda: read_and_ack(stores, count),
        "INSERT of ready columns alone": lambda: insert_alone(stores, "bench_hopline_1", rows),
    }


def _publish(results: Results, output: Path) -> None:
    print_report(results, terminal())
    write(output, "bench-workers", results.as_json(), partial(draw, results))


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.bench_workers",
        description="Measure Hopline's consumers beside a straightforward one, on this machine.",
    )
    add_count(parser, "--clicks", 1_000_000, "size of the backlog")
    add_count(parser, "--rounds", 2, "runs of each kind, in turn")
    add_count(parser, "--seconds", 20, "length of light and no load")
    add_output(parser, "bench-workers.json and bench-workers.svg")
    return parser


if __name__ == "__main__":
    sys.exit(main())
