"""``python -m loadtest.bench_api``: lists, searches and single links of the console's interface."""

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

import psutil

from app.processes.child import ChildFailed
from loadtest.bench_api.imports import (
    TIMEOUT_SECONDS,
    growth,
    import_after_kill,
    import_links,
    workers_of_console,
)
from loadtest.bench_api.moments import Ask, answered, heard_after, refused_after, waits_at
from loadtest.bench_api.questions import MadeUp
from loadtest.bench_reports.installation import Installation, running_installation
from loadtest.common.command_line import Say, add_count, add_output, speaker, terminal
from loadtest.common.latencies import Latencies
from loadtest.common.processes import cpu_seconds
from loadtest.common.targets import Target, at_least, at_most, targets_table

_LOOK_SECONDS = 1.0
#: Links of a file that is imported.
_BULK = 100_000
#: What was promised: of 95 of 100 answers, of a file, and a second of the console's processor.
_LONGEST_MS, _BULK_SECONDS = 200, 20
_RATES: Mapping[str, int] = {"GET": 1_500, "POST": 800}
#: And of 99 of 100 answers at half of that rate, and changes until they hold.
_WAIT_MS = 20
_HEARD, _REFUSED = "new link until every worker redirects", "revoked key until two consoles refuse"
_MOMENTS_MS: Mapping[str, int] = {_HEARD: 100, _REFUSED: 1_000}
#: By how much the console may grow while a file is imported.
_GROWN_BYTES = 50_000_000
_NO_LIMIT = 1_000_000_000
#: Of the redirect, each of which has to hear of a new link.
_WORKERS = 2


@dataclass(slots=True)
class Results:
    """What was measured.

    Attributes:
        bulks: seconds that each import of a file took.
        grown_bytes: by which the console's memory grew at most while one was imported.
        p95_ms: of each kind of question.
        index_bytes: that the file of the index takes.
        per_core: requests that a second of the console's processor answers, by what they are.
        p99_ms: waits at half of the promised rates, and from changes until they hold.
        killed: links that there are after an import that was killed halfway and repeated, and
            those of its file.
    """

    links: int
    bulks: list[float] = field(default_factory=list)
    grown_bytes: list[int] = field(default_factory=list)
    index_bytes: int = 0
    filled_seconds: float = 0.0
    p95_ms: dict[str, float] = field(default_factory=dict)
    per_core: dict[str, float] = field(default_factory=dict)
    p99_ms: dict[str, float] = field(default_factory=dict)
    killed: tuple[int, int] = (0, 0)

    def targets(self) -> Iterator[Target]:
        """Yield every promise with what was found."""
        there, imported = self.killed
        text = "links after an import that was killed halfway and repeated"
        yield Target(text, f"= {imported:,}", f"{there:,}", there == imported)
        if self.links > _BULK:
            yield at_most(f"import of {_BULK:,} links", max(self.bulks), _BULK_SECONDS, "{:.1f} s")
            yield at_most(
                "memory that the console grows by meanwhile",
                max(self.grown_bytes) / 1e6,
                _GROWN_BYTES / 1e6,
                "{:.1f} MB",
            )
        for question, found in self.p95_ms.items():
            yield at_most(f"{question}, p95", found, _LONGEST_MS, "{:,.0f} ms")
        for name, rate in _RATES.items():
            text = f"{name} of a link, by CPU second"
            yield at_least(text, self.per_core[name], rate, "{:,.0f}")
        for text, found in self.p99_ms.items():
            yield at_most(f"{text}, p99", found, _MOMENTS_MS.get(text, _WAIT_MS), "{:,.1f} ms")


def main() -> int:
    """Measure, print, write; return the exit code: 0 done, 1 failed, 2 wrong usage."""
    options = _parsed()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    say = speaker()
    try:
        with TemporaryDirectory(prefix="hopline-bench-api-", dir=options.directory) as name:
            settings = {f"console_{kind}_per_minute": _NO_LIMIT for kind in ("reads", "writes")}
            settings["redirect_workers"] = _WORKERS
            with running_installation(Path(name), **settings) as installation:
                results = _measure(options, installation, Path(name), say)
    except ChildFailed as error:
        print(f"bench-api: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    terminal().print(targets_table(results.targets()))
    options.output.mkdir(parents=True, exist_ok=True)
    figures = options.output / "bench-api.json"
    figures.write_text(json.dumps({name: getattr(results, name) for name in results.__slots__}))
    print(f"raw figures: {figures}")
    return 0


def _measure(
    options: argparse.Namespace, installation: Installation, folder: Path, say: Say
) -> Results:
    results, made_up = Results(options.links), MadeUp(options.links)
    end = min(_BULK, options.links)
    results.killed = import_after_kill(installation, made_up.lines(0, end), end), end
    say(f"{end:,} links imported, with the console killed halfway")
    console = workers_of_console(installation)
    for first in range(end, options.links, _BULK):
        end = min(first + _BULK, options.links)
        body = made_up.lines(first, end)
        with growth(console) as grown:
            results.bulks.append(import_links(installation, body, end - first))
        results.grown_bytes.append(max(grown))
        say(f"{end:,} links imported, the last {end - first:,} in {results.bulks[-1]:.1f} s")
    began = time.monotonic()
    with closing(HTTPConnection(installation.console, timeout=TIMEOUT_SECONDS)) as connection:
        while _status(connection, "GET", "/api/v1/links?sort=clicks&limit=1") == 503:
            if time.monotonic() - began > TIMEOUT_SECONDS:
                raise ChildFailed("the index is not filled: see up.log")
            time.sleep(_LOOK_SECONDS)
        results.filled_seconds = time.monotonic() - began
        say(f"the index was filled {results.filled_seconds:.0f} s after")
        results.index_bytes = (folder / "data" / "index" / "links.db").stat().st_size
        for question, make in made_up.questions():
            results.p95_ms[question] = _p95_ms(connection, make, options.repeats)
            say(f"{question}: {results.p95_ms[question]:,.0f} ms")
        results.per_core = {
            name: _per_core(connection, console, ask, options.requests)
            for name, ask in _ASKS.items()
        }
    _measure_moments(results, installation, options, say)
    return results


def _measure_moments(
    results: Results, installation: Installation, options: argparse.Namespace, say: Say
) -> None:
    for name, rate in _RATES.items():
        say(f"{name} of a link, {rate // 2} a second")
        waits = waits_at(rate / 2, options.seconds, installation.console, _ASKS[name])
        results.p99_ms[f"{name} of a link, {rate // 2} a second"] = waits.at(99)
    say("links until they redirect, keys until they are refused")
    results.p99_ms[_HEARD] = heard_after(installation, options.repeats).at(99)
    results.p99_ms[_REFUSED] = refused_after(installation, options.repeats).at(99)


def _p95_ms(connection: HTTPConnection, make: Callable[[], Any], repeats: int) -> float:
    latencies = Latencies()
    for _ in range(repeats):
        path = f"/api/v1/links?{urlencode(make())}"
        began = time.monotonic()
        status = _status(connection, "GET", path)
        latencies.add(time.monotonic() - began)
        if status != 200:
            raise ChildFailed(f"{path} is answered by {status}")
    return latencies.at(95)


def _per_core(
    connection: HTTPConnection, console: list[psutil.Process], ask: Ask, requests: int
) -> float:
    """Return how many requests a second of the console's processor answers."""
    before = cpu_seconds(console)
    for number in range(requests):
        ask(connection, number)
    # A processor's time is told by the hundredth of a second.
    return requests / max(cpu_seconds(console) - before, 0.01)


def _show(connection: HTTPConnection, number: int) -> None:
    answered(connection, "GET", f"/api/v1/links/b{number % 100:x}")


def _add(connection: HTTPConnection, number: int) -> None:
    answered(connection, "POST", "/api/v1/links", {"target": f"https://example.com/{number}"})


#: Requests for single links, by method.
_ASKS: Mapping[str, Ask] = {"GET": _show, "POST": _add}


def _status(connection: HTTPConnection, method: str, path: str) -> int:
    connection.request(method, path)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtest.bench_api", description=__doc__)
    add_count(parser, "--links", 1_000_000, "links in the list")
    add_count(parser, "--repeats", 100, "questions of each kind")
    add_count(parser, "--requests", 3_000, "requests for single links of each kind")
    add_count(parser, "--seconds", 10, "how long each kind is asked at half of its rate")
    add_output(parser, "bench-api.json")
    parser.add_argument("--directory", type=Path, help="where stores are (default: TMPDIR)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
