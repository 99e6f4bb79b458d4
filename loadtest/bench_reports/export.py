"""Export of a million clicks: how fast it is, and by how much its memory grows."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from loadtest.bench_reports.command import run_once
from loadtest.bench_reports.generated import Generated
from loadtest.bench_reports.installation import Installation

CLICKS = 1_000_000
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
    ran = run_once(
        installation, "export", "--all", *bounds, "--format", "ndjson", "--to", str(file)
    )
    with file.open("rb") as lines:
        count = sum(1 for _ in lines)
    file.unlink()
    return Export(count, ran.seconds, ran.peak_bytes)


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}"


def end_of(milliseconds: int) -> datetime:
    """Return a moment as commands take it."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
