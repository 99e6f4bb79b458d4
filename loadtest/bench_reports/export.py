"""Export of a million clicks: how fast it is, and by how much its memory grows."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

from loadtest.bench_reports.generated import Generated
from loadtest.bench_reports.installation import Installation
from loadtest.common.processes import of_living

CLICKS = 1_000_000
_LOOK_SECONDS = 0.02


#: An export of so few needs no more memory than any.
_FEW = 10_000


@dataclass(frozen=True, slots=True)
class Export:
    """What an export took.

    Attributes:
        peak_bytes: the most memory that the command had.
    """

    clicks: int
    seconds: float
    peak_bytes: int


def measure_exports(
    installation: Installation, generated: Generated, until: datetime, folder: Path
) -> tuple[Export, Export]:
    """Export about ten thousand and a million of the newest generated clicks as NDJSON.

    Args:
        until: when they end.

    Raises:
        RuntimeError: the command failed.
    """
    span = timedelta(generated.span_days)
    few, many = (
        _measured(installation, until - span * min(1.0, count / generated.clicks), until, folder)
        for count in (_FEW, CLICKS)
    )
    return few, many


def _measured(installation: Installation, since: datetime, until: datetime, folder: Path) -> Export:
    file = folder / "clicks.ndjson"
    bounds = (f"--since={_text(since)}", f"--until={_text(until)}")
    began = time.perf_counter()
    process = installation.started(
        "export", "--all", *bounds, "--format", "ndjson", "--to", str(file)
    )
    peak_bytes = 0
    while process.poll() is None:
        sizes = of_living([psutil.Process(process.pid)], lambda one: one.memory_info().rss)
        peak_bytes = max(peak_bytes, *sizes, 0)
        time.sleep(_LOOK_SECONDS)
    seconds = time.perf_counter() - began
    if process.returncode:
        raise RuntimeError(f"hopline export ended with {process.returncode}")
    with file.open("rb") as lines:
        count = sum(1 for _ in lines)
    file.unlink()
    return Export(count, seconds, peak_bytes)


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}"


def end_of(milliseconds: int) -> datetime:
    """Return a moment as commands take it."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
