"""Figures of a run as plain values: written as JSON, drawn in the report and compared later."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from loadtest.common.latencies import Latencies
from loadtest.common.measurements import Moment, Route, percentile
from loadtest.report.budget import EVERY_REDIRECT, Line, every_redirect
from loadtest.report.verdict import Count, Generator, Verdict

#: Raised when figures of one version can't be compared with those of another.
FORMAT = 1
_PERCENTILES = (50.0, 95.0, 99.0, 99.9, 100.0)
#: Points of the curve; each step is as far on the axis as it is rarer.
_CURVE = (0, 25, 50, 75, 90, 95, 97.5, 99, 99.5, 99.75, 99.9, 99.95, 99.975, 99.99, 99.999)
_MARK = re.compile(r"(?P<start>\d+(?:\.\d+)?)-(?P<end>\d+(?:\.\d+)?):(?P<text>.+)")
#: Options that are no part of what was measured.
_OPTIONS = (
    "rate",
    "warm_up",
    "load_shape",
    "arrivals",
    "connections",
    "hot_links",
    "tail_links",
    "budget",
    "processes",
)


class Mark(NamedTuple):
    """A stretch of the run, in seconds after the warm-up, in which something was done."""

    start: float
    end: float
    text: str


def parse_marks(given: list[str]) -> list[Mark]:
    """Read ``FROM-TO:TEXT``.

    Raises:
        ValueError: naming the one that can't be read.
    """
    marks = []
    for text in given:
        found = _MARK.fullmatch(text)
        if not found:
            raise ValueError(f"{text!r} is no FROM-TO:TEXT")
        marks.append(Mark(float(found["start"]), float(found["end"]), found["text"]))
    return marks


@dataclass(frozen=True, slots=True)
class Result:
    """All that there is to say about a run.

    Attributes:
        counted: redirects beside clicks; None when nobody asked for it.
        decides: the limits that decided, in words.
        options: Locust's and ours.
        seconds: length of the judged run.
        interval_seconds: width of one interval of the timeline.
        host: what was under load.
    """

    verdict: Verdict
    decides: str
    lines: list[Line]
    generator: Generator
    counted: Count | None
    options: Any
    scenarios: list[str]
    seconds: float
    interval_seconds: float
    began: datetime
    host: str
    marks: list[Mark]
    environment: dict[str, Any]


def as_json(result: Result) -> dict[str, Any]:
    """Return a result as plain values; latencies in milliseconds, shares from 0 to 1."""
    measured, verdict = result.generator.measured, result.verdict
    routes = {EVERY_REDIRECT: every_redirect(measured.routes), **measured.routes}
    return {
        "format": FORMAT,
        "title": result.options.title,
        "began": result.began.isoformat(timespec="seconds"),
        "host": result.host,
        "seconds": result.seconds,
        "options": {
            **{name: getattr(result.options, name) for name in _OPTIONS},
            "scenarios": result.scenarios,
        },
        "verdict": verdict.outcome,
        "decides": result.decides,
        "violations": verdict.violations,
        "doubts": verdict.doubts,
        "missed_goals": verdict.missed,
        "budget": [line._asdict() for line in result.lines],
        "count": _count(result.counted),
        "cut_connections": measured.cut,
        "generator": _generator(result.generator),
        "routes": {name: _route(route) for name, route in sorted(routes.items())},
        "interval_seconds": result.interval_seconds,
        "timeline": [
            _moment(number, measured.moments[number], result.interval_seconds)
            for number in sorted(measured.moments)
        ],
        "marks": [mark._asdict() for mark in result.marks],
        "environment": result.environment,
    }


def _route(route: Route) -> dict[str, Any]:
    return {
        "requests": route.requests,
        "errors": dict(route.errors),
        "latency_ms": {
            f"{percent:g}": round(route.latencies.at(percent), 3) for percent in _PERCENTILES
        },
        "curve": curve(route.latencies),
    }


def curve(latencies: Latencies) -> list[tuple[float, float]]:
    """Return percentiles and their milliseconds, as far as there are requests to tell them."""
    if not latencies.count:
        return []
    rarest = 100 - 100 / latencies.count
    known = [percent for percent in _CURVE if percent < rarest] + [rarest]
    return [(round(percent, 6), round(latencies.at(percent), 3)) for percent in known]


def _moment(number: int, moment: Moment, interval_seconds: float) -> dict[str, float]:
    latencies = moment.latencies
    return {
        "at": number * interval_seconds,
        "per_second": latencies.total() / interval_seconds,
        "errors": moment.errors,
        "p50": percentile(latencies, 50),
        "p99": percentile(latencies, 99),
        "max": max(latencies, default=0.0),
    }


def broke_at(timeline: Sequence[Mapping[str, float]], limit_ms: float) -> float | None:
    """Return the rate from which on it went wrong, in requests a second; None if it never did.

    One bad interval may be chance: the rate is that of the first of three in a row whose p99 is
    past the limit, or that have errors.
    """
    bad = [moment["p99"] > limit_ms or moment["errors"] > 0 for moment in timeline]
    for number in range(len(bad) - 2):
        if all(bad[number : number + 3]):
            return timeline[number]["per_second"]
    return None


def _count(counted: Count | None) -> dict[str, Any] | None:
    if counted is None:
        return None
    return {
        "redirects": counted.redirects,
        "clicks": counted.clicks,
        "unknown": counted.unknown,
        "lost": dict(counted.lost),
        "surplus": dict(counted.surplus),
        "is_exact": counted.is_exact,
        "sentence": str(counted),
    }


def _generator(generator: Generator) -> dict[str, Any]:
    measured = generator.measured
    return {
        "due": measured.due,
        "unsent": measured.unsent,
        "queued": measured.queued,
        "busiest_share": round(generator.busiest_share, 3),
        "late_ms": {f"{p:g}": round(measured.late.at(p), 3) for p in _PERCENTILES},
        "loop_ms": {f"{p:g}": round(measured.loop.at(p), 3) for p in _PERCENTILES},
    }
