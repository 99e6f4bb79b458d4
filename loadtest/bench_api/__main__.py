"""``python -m loadtest.bench_api``: lists, searches and single links of the console's interface."""

import argparse
import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

import psutil

from app.processes.child import ChildFailed
from loadtest.bench_api.questions import MadeUp
from loadtest.bench_reports.installation import Installation, running_installation
from loadtest.common.command_line import Say, add_count, add_output, speaker, terminal
from loadtest.common.latencies import Latencies
from loadtest.common.processes import below, cpu_seconds
from loadtest.common.targets import Target, at_least, at_most, targets_table

_TIMEOUT_SECONDS = 600.0
_LOOK_SECONDS = 1.0
#: Links of a file that is imported.
_BULK = 100_000
#: What was promised: of 95 of 100 answers, of a file, and a second of the console's processor.
_LONGEST_MS, _BULK_SECONDS, _GETS, _POSTS = 200, 20, 1_500, 800
#: By how much the console may grow while a file is imported, and how often it is looked at.
_GROWN_BYTES, _SAMPLE_SECONDS = 50_000_000, 0.05
_NO_LIMIT = 1_000_000_000


@dataclass(slots=True)
class Results:
    """What was measured.

    Attributes:
        bulks: seconds that each import of a file took.
        grown_bytes: by which the console's memory grew at most while one was imported.
        p95_ms: of each kind of question.
        index_bytes: that the file of the index takes.
        per_core: requests that a second of the console's processor answers, by what they are.
    """

    links: int
    bulks: list[float] = field(default_factory=list)
    grown_bytes: list[int] = field(default_factory=list)
    index_bytes: int = 0
    filled_seconds: float = 0.0
    p95_ms: dict[str, float] = field(default_factory=dict)
    per_core: dict[str, float] = field(default_factory=dict)

    def targets(self) -> Iterator[Target]:
        """Yield every promise with what was found."""
        if self.links >= _BULK:
            yield at_most(f"import of {_BULK:,} links", max(self.bulks), _BULK_SECONDS, "{:.1f} s")
            yield at_most(
                "memory that the console grows by meanwhile",
                max(self.grown_bytes) / 1e6,
                _GROWN_BYTES / 1e6,
                "{:.1f} MB",
            )
        for question, found in self.p95_ms.items():
            yield at_most(f"{question}, p95", found, _LONGEST_MS, "{:,.0f} ms")
        yield at_least("GET of a link, by CPU second", self.per_core["GET"], _GETS, "{:,.0f}")
        yield at_least("POST of a link, by CPU second", self.per_core["POST"], _POSTS, "{:,.0f}")


def main() -> int:
    """Measure, print, write; return the exit code: 0 done, 1 failed, 2 wrong usage."""
    options = _parsed()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    say = speaker()
    try:
        with TemporaryDirectory(prefix="hopline-bench-api-", dir=options.directory) as name:
            limits = {f"console_{kind}_per_minute": _NO_LIMIT for kind in ("reads", "writes")}
            with running_installation(Path(name), **limits) as installation:
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
    console = below(installation.up_pid, "gunicorn: worker [hopline-console]")
    for first in range(0, options.links, _BULK):
        end = min(first + _BULK, options.links)
        body = made_up.lines(first, end)
        with _growth(console) as grown:
            results.bulks.append(_import(installation, body, end - first))
        results.grown_bytes.append(max(grown))
        say(f"{end:,} links imported, the last {end - first:,} in {results.bulks[-1]:.1f} s")
    began = time.monotonic()
    with closing(HTTPConnection(installation.console, timeout=_TIMEOUT_SECONDS)) as connection:
        while _status(connection, "GET", "/api/v1/links?sort=clicks&limit=1") == 503:
            if time.monotonic() - began > _TIMEOUT_SECONDS:
                raise ChildFailed("the index is not filled: see up.log")
            time.sleep(_LOOK_SECONDS)
        results.filled_seconds = time.monotonic() - began
        say(f"the index was filled {results.filled_seconds:.0f} s after")
        results.index_bytes = (folder / "data" / "index" / "links.db").stat().st_size
        for question, make in made_up.questions():
            results.p95_ms[question] = _p95_ms(connection, make, options.repeats)
            say(f"{question}: {results.p95_ms[question]:,.0f} ms")
        results.per_core = {
            "GET": _per_core(connection, console, "GET", options.requests),
            "POST": _per_core(connection, console, "POST", options.requests),
        }
    return results


@contextmanager
def _growth(console: list[psutil.Process]) -> Iterator[list[int]]:
    """Look at the console's memory for as long as something is done; yield by how much it grew."""
    before, over = _resident_bytes(console), threading.Event()
    grown = [0]

    def look() -> None:
        while not over.wait(_SAMPLE_SECONDS):
            grown.append(_resident_bytes(console) - before)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield grown
    finally:
        over.set()
        thread.join()


def _resident_bytes(console: list[psutil.Process]) -> int:
    return sum(process.memory_info().rss for process in console)


def _import(installation: Installation, body: bytes, links: int) -> float:
    """Import a file, and return how many seconds that took."""
    began = time.monotonic()
    with closing(HTTPConnection(installation.console, timeout=_TIMEOUT_SECONDS)) as connection:
        headers = {"Content-Type": "application/x-ndjson"}
        connection.request("POST", "/api/v1/links/-/import", body, headers)
        answer = connection.getresponse()
        *_, last = answer.read().splitlines()
    end = json.loads(last)
    if end.get("created") != links:
        raise ChildFailed(f"of {links:,} links {last.decode()} was said")
    return time.monotonic() - began


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
    connection: HTTPConnection, console: list[psutil.Process], method: str, requests: int
) -> float:
    """Return how many requests a second of the console's processor answers."""
    before = cpu_seconds(console)
    for number in range(requests):
        if method == "GET":
            status = _status(connection, "GET", f"/api/v1/links/b{number % 100:x}")
        else:
            body = json.dumps({"target": f"https://example.com/{number}"}).encode()
            status = _status(connection, "POST", "/api/v1/links", body)
        if status not in (200, 201):
            raise ChildFailed(f"{method} is answered by {status}")
    # A processor's time is told by the hundredth of a second.
    return requests / max(cpu_seconds(console) - before, 0.01)


def _status(connection: HTTPConnection, method: str, path: str, body: bytes | None = None) -> int:
    headers = {"Content-Type": "application/json"} if body else {}
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtest.bench_api", description=__doc__)
    add_count(parser, "--links", 1_000_000, "links in the list")
    add_count(parser, "--repeats", 100, "questions of each kind")
    add_count(parser, "--requests", 3_000, "requests for single links of each kind")
    add_output(parser, "bench-api.json")
    parser.add_argument("--directory", type=Path, help="where stores are (default: TMPDIR)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
