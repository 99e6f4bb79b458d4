"""Self-check that asks servers of known latency whether the load test tells the truth."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from app.processes.child import Program, running
from loadtest.report.budget import EVERY_REDIRECT
from loadtest.run.locust_run import LocustRun

_LATENCY_MS = 20.0
_STALL_SECONDS = 1.0
_RATE = 100
_SECONDS = 8
_START_SECONDS = 30
#: What this machine may add to a known latency at the median.
_TOLERANCE_MS = 10.0


@contextmanager
def known_server(*arguments: str) -> Iterator[str]:
    """Start a server of known latency; yields its URL."""
    argv = (sys.executable, "-m", "loadtest.known_server", *arguments)
    with TemporaryDirectory() as directory:
        log = Path(directory) / "log"
        program = Program(
            "known server",
            argv,
            is_ready=lambda: log.read_text().endswith("\n"),
            directory=Path(__file__).parent.parent,
        )
        with running(program, log, _START_SECONDS, stop_seconds=0):
            yield f"http://127.0.0.1:{log.read_text().strip()}"


def run(directory: Path, say: Callable[[str], None]) -> int:
    """Measure both servers; return 0 when the figures say what is known, else 1."""
    latency = ("--latency-ms", str(_LATENCY_MS))
    steady = measure(directory / "self-check-steady.html", *latency)
    # In the middle of the run, warm-up included.
    stall = ("--stall-after", str(_RATE * _SECONDS // 2), "--stall-seconds", str(_STALL_SECONDS))
    stalled = measure(directory / "self-check-stall.html", *latency, *stall)
    checks = {
        f"p50 of a server that takes {_LATENCY_MS:g} ms: {steady['50']:.1f} ms": _LATENCY_MS
        <= steady["50"]
        <= _LATENCY_MS + _TOLERANCE_MS,
        f"p99.9 of one that stood still for {_STALL_SECONDS:g} s: {stalled['99.9']:.0f} ms"
        f" (without the stall: {steady['99.9']:.0f} ms)": stalled["99.9"] >= _STALL_SECONDS * 800,
        f"p95 of it, which waited behind the stall, too: {stalled['95']:.0f} ms": stalled["95"]
        >= _STALL_SECONDS * 100,
    }
    for check, is_right in checks.items():
        say(f"{'right' if is_right else 'WRONG'}: {check}")
    return 0 if all(checks.values()) else 1


def measure(report: Path, *arguments: str) -> dict[str, float]:
    """Run against a server with these arguments; return percentile to milliseconds."""
    with known_server(*arguments) as url:
        locust = LocustRun(url, report, _SECONDS, {"rate": _RATE, "warm_up": 1, "budget": "ci"})
        locust.forget()
        locust.run(lambda _: None, None)
    latencies: dict[str, float] = locust.figures()["routes"][EVERY_REDIRECT]["latency_ms"]
    return latencies
