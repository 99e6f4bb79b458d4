"""Results of the benchmark of pages, and the promises that they are held to."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from math import inf
from typing import Any

from loadtest.bench_console.browser import Opened
from loadtest.bench_console.pages import REPORTS, Asked
from loadtest.bench_console.visitors import Visited
from loadtest.common.environment import interpreter, processor
from loadtest.common.latencies import Latencies
from loadtest.common.targets import Target, at_most

#: Milliseconds within which 95 of 100 pages of a kind have to be there.
_REPORTS_MS, _LISTS_MS = 300, 200
_KILOBYTES, _REQUESTS = 150, 12
_PAINT_MS, _TASK_MS = 1_000, 100
#: Seconds within which 99 of 100 clicks are seen.
_LIVE_SECONDS, _OVERVIEW_SECONDS = 1, 2
#: What runs of the same kind differ by on a quiet machine, so that this is no change.
_UNCHANGED = 1.15
_CONSOLE_MB = 300


@dataclass(slots=True)
class Results:
    """What was measured.

    Attributes:
        opened, overview_seconds: None where there is no Chromium.
        live_seconds, overview_seconds: from clicks to when they were seen.
    """

    clicks: int
    links: int
    asked: dict[str, Asked] = field(default_factory=dict)
    live_seconds: list[float] = field(default_factory=list)
    visited: Visited | None = None
    opened: Opened | None = None
    overview_seconds: list[float] | None = None

    def targets(self) -> Iterator[Target]:
        """Yield every promise with what was found."""
        for name, asked in self.asked.items():
            most_ms = _REPORTS_MS if asked.kind == REPORTS else _LISTS_MS
            yield at_most(f"{name}, p95", asked.p95_ms, most_ms, "{:,.0f} ms")
        yield from self._of_chromium()
        found = p99_seconds(self.live_seconds)
        yield at_most("click → seen on Live, p99", found, _LIVE_SECONDS, "{:.2f} s")
        if self.visited:
            streams = self.visited.streams
            text = f"redirect p99 beside {streams} open Live pages ÷ without"
            target = at_most(text, self.visited.ratio, _UNCHANGED, "{:.2f}")
            yield target if self.visited.is_calm else target._replace(is_met=None)
            found_mb = self.visited.console_bytes / 1e6
            yield at_most("console's RSS meanwhile", found_mb, _CONSOLE_MB, "{:.0f} MB")

    def _of_chromium(self) -> Iterator[Target]:
        opened = self.opened or Opened()
        wanted = (
            (
                "overview's weight, kB",
                [size / 1000 for size in opened.bytes],
                _KILOBYTES,
                "{:.1f}",
            ),
            ("overview's requests", opened.requests, _REQUESTS, "{:.0f}"),
            ("largest contentful paint", opened.paint_ms, _PAINT_MS, "{:,.0f} ms"),
            ("layout shift", opened.shift, 0, "{:.4f}"),
            ("longest task", opened.longest_task_ms, _TASK_MS, "{:.0f} ms"),
        )
        for text, values, most, form in wanted:
            target = at_most(f"{text}, worst", max(values, default=inf), most, form)
            yield target if values else _void(target)
        target = at_most(
            "click → seen in Overview, p99",
            p99_seconds(self.overview_seconds or []),
            _OVERVIEW_SECONDS,
            "{:.2f} s",
        )
        yield target if self.overview_seconds else _void(target)

    def as_json(self) -> dict[str, Any]:
        """Return everything as it was measured, and the verdict on each promise."""
        return {
            "interpreter": interpreter(),
            "processor": processor(),
            "clicks": self.clicks,
            "links": self.links,
            "pages": {name: asdict(one) for name, one in self.asked.items()},
            "opened": asdict(self.opened) if self.opened else None,
            "live_seconds": self.live_seconds,
            "overview_seconds": self.overview_seconds,
            "visited": self.visited.as_json() if self.visited else None,
            "targets": [target._asdict() for target in self.targets()],
        }


def p99_seconds(ages: list[float]) -> float:
    """Return the age that 99 of 100 don't exceed; the oldest of fewer, and no end to none."""
    latencies = Latencies()
    for age in ages:
        latencies.add(age)
    return latencies.at(99) / 1000 if ages else inf


def _void(target: Target) -> Target:
    return target._replace(found="no Chromium", is_met=None)
