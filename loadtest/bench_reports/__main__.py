"""``python -m loadtest.bench_reports``: reports beside the six scans of before."""

import argparse
import signal
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from app.processes.child import ChildFailed
from loadtest.bench_reports.installation import running_installation
from loadtest.bench_reports.questions import runs_of
from loadtest.bench_reports.results import Results, draw, print_report
from loadtest.common.command_line import Say, add_count, add_output, speaker, terminal, write


def main() -> int:
    """Measure, print, write; return the exit code: 0 done, 1 failed or not exact, 2 wrong usage."""
    options = _options().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    results = Results(options.clicks, options.links)
    try:
        with TemporaryDirectory(prefix="hopline-bench-reports-") as name:
            _measure(results, options.rounds, Path(name), speaker())
    except ChildFailed as error:
        print(f"bench-reports: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print_report(results, terminal())
    write(options.output, "bench-reports", results.as_json(), partial(draw, results))
    return 0 if results.is_exact else 1


def _measure(results: Results, rounds: int, directory: Path, say: Say) -> None:
    with running_installation(directory) as installation:
        say(f"filling ClickHouse with {results.clicks:,} clicks")
        installation.fill(results.clicks, results.links)
        questions = runs_of(installation, results.links)
        for ask in questions.values():
            ask()  # what is read first isn't in memory yet
        for number in range(rounds):
            say(f"round {number + 1} of {rounds}")
            for name, ask in questions.items():
                results.runs.setdefault(name, []).append(ask())


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.bench_reports",
        description="Measure reports over generated clicks, on this machine.",
    )
    add_count(parser, "--clicks", 20_000_000, "how many ClickHouse makes up")
    add_count(parser, "--links", 100_000, "among which they are spread")
    add_count(parser, "--rounds", 20, "how often each question is asked, in turn")
    add_output(parser, "bench-reports.json and bench-reports.svg")
    return parser


if __name__ == "__main__":
    sys.exit(main())
