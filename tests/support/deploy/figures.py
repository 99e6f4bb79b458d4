"""What the tests under real systemd found, as a table for people and JSON for programs."""

import json
from pathlib import Path

from loadtest.bench.load.open_loop import OpenRun


class Figures:
    """One row for each thing that was tried."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, float]] = {}

    def add(self, what: str, **figures: float) -> None:
        """Add a row; names of figures carry their unit."""
        self.rows[what] = {name: round(figure, 3) for name, figure in figures.items()}

    def add_run(self, what: str, run: OpenRun) -> None:
        """Add what visitors got."""
        self.add(
            what,
            requests=run.planned,
            failed=run.errors,
            p50_ms=run.latency_ms["50"],
            p99_9_ms=run.latency_ms["99.9"],
            max_ms=run.latency_ms["100"],
            generator_lag_p99_9_ms=run.lag_ms["99.9"],
        )

    def save(self, path: Path) -> None:
        """Write them as JSON."""
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(self.rows, indent=2) + "\n")

    def table(self) -> str:
        """Return them as lines to be read."""
        width = max(map(len, self.rows), default=0)
        lines = (
            f"{what:<{width}}  " + ", ".join(f"{name} {figure:g}" for name, figure in row.items())
            for what, row in self.rows.items()
        )
        return "\n".join(lines)
