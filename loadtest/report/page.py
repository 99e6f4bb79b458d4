"""Page that shows a run, without anything from elsewhere: its verdict, charts and tables."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from loadtest.common.plot import COLOURS
from loadtest.report import templates
from loadtest.report.baseline import Figures, differences, remarks
from loadtest.report.budget import EVERY_REDIRECT
from loadtest.report.charts import latency_chart, percentile_chart, rate_chart
from loadtest.report.figures import broke_at
from loadtest.report.verdict import HEADLINES, Verdict, reasons

_PERCENTILES = {"50": "p50", "95": "p95", "99": "p99", "99.9": "p99.9", "100": "max"}
_MEASURES = ("requests", *_PERCENTILES.values(), "errors")
Line = Mapping[str, Any]


def render(figures: Figures, baseline: Figures | None = None) -> str:
    """Return the page.

    Args:
        figures: a run, as `loadtest.report.figures` writes it.
        baseline: an earlier one, to be shown beside it if its load was the same.
    """
    others = differences(figures, baseline) if baseline else []
    compared = None if others else baseline
    verdict = Verdict(
        figures["verdict"], figures["violations"], figures["doubts"], figures["missed_goals"]
    )
    return templates.fill(
        "page.html",
        figures=figures,
        title=figures["title"] or "Load test",
        headline=HEADLINES[verdict.outcome],
        reasons=reasons(verdict),
        colours=COLOURS,
        tiles=_tiles(figures, compared),
        percentiles=percentile_chart(figures, compared),
        latency=latency_chart(figures),
        rate=rate_chart(figures),
        budget=_limits(line for line in figures["budget"] if not line["goal"]),
        goals=_goals(figures),
        route_heads=("route", *_MEASURES),
        routes=_routes(figures),
        errors=_errors(figures),
        earlier=baseline,
        others=others,
        remarks=remarks(figures, compared) if compared else [],
        comparison_heads=("route", *_PERCENTILES.values()),
        comparison=_comparison(figures, compared) if compared else [],
    )


def _tiles(figures: Figures, baseline: Figures | None) -> Iterable[tuple[str, str, str]]:
    """Yield what stands in large letters, what it is, and how it changed."""
    every = figures["routes"][EVERY_REDIRECT]["latency_ms"]
    earlier = baseline["routes"][EVERY_REDIRECT]["latency_ms"] if baseline else {}
    for percent, name in _PERCENTILES.items():
        if name != "p95":
            change = _change(every[percent], earlier.get(percent))
            note = f"{change} against the baseline" if change else ""
            yield f"{every[percent]:,.1f} ms", f"{name} of every redirect", note
    sent = sum(moment["per_second"] for moment in figures["timeline"])
    rate = sent / len(figures["timeline"]) if figures["timeline"] else 0.0
    yield f"{rate:,.0f}/s", "requests answered", ""
    errors = sum(sum(route["errors"].values()) for route in _single(figures).values())
    yield f"{errors:,}", "errors", ""
    if figures["options"]["load_shape"] == "ramp":
        rate = broke_at(figures["timeline"], _loosest_limit_ms(figures))
        at = f"{rate:,.0f}/s" if rate else "never"
        yield at, "broke at, three intervals in a row", ""
    if count := figures["count"]:
        exact = "exact" if count["is_exact"] else "not exact"
        yield exact, f"{count['redirects']:,} redirects, {count['clicks']:,} clicks", ""


def _loosest_limit_ms(figures: Figures) -> float:
    lines = [line for line in figures["budget"] if not line["goal"]]
    limits = [line["limit"] for line in lines if line["unit"] == "ms"]
    return float(max(limits, default=0.0))


def _goals(figures: Figures) -> dict[str, Any]:
    lines = [line for line in figures["budget"] if line["goal"]]
    return {
        goal: _limits(line for line in lines if line["goal"] == goal)
        for goal in dict.fromkeys(line["goal"] for line in lines)
    }


def _limits(lines: Iterable[Line]) -> tuple[Sequence[str], Sequence[Any]]:
    """Return heads and rows: for each route a line of the budget, or nothing, for each measure."""
    cells = {(line["route"], line["measure"]): line for line in lines}
    measures = [each for each in _MEASURES if any(each == measure for _, measure in cells)]
    rows = [
        (route, *(cells.get((route, measure)) for measure in measures))
        for route in dict.fromkeys(route for route, _ in cells)
    ]
    return ("route", *measures), rows


def _routes(figures: Figures) -> Iterable[Sequence[str]]:
    for name, route in _all_first(figures):
        latencies = [f"{route['latency_ms'][percent]:,.1f} ms" for percent in _PERCENTILES]
        errors = sum(route["errors"].values())
        yield name, f"{route['requests']:,}", *latencies, f"{errors:,}"


def _errors(figures: Figures) -> Sequence[Sequence[str]]:
    """Return each kind of error with its route and number."""
    rows = [
        (name, error, f"{times:,}")
        for name, route in _single(figures).items()
        for error, times in route["errors"].items()
    ]
    if cut := figures["cut_connections"]:
        rows.append(("(any)", "connection ended before the answer, asked again", f"{cut:,}"))
    return rows


def _comparison(figures: Figures, baseline: Figures) -> Iterable[Sequence[Any]]:
    """Yield each route with milliseconds, and how they changed, for each percentile."""
    for name, route in _all_first(figures):
        earlier = baseline["routes"].get(name, {"latency_ms": {}})["latency_ms"]
        latencies = route["latency_ms"].items()
        yield name, *((f"{ms:,.1f} ms", _change(ms, earlier.get(p))) for p, ms in latencies)


def _change(ms: float, earlier: float | None) -> str:
    """Return how much longer it took than earlier, e.g. +12%; nothing if that isn't known."""
    return f"{ms / earlier - 1:+.0%}" if earlier else ""


def _single(figures: Figures) -> dict[str, Any]:
    """Return the routes one by one, without the sum of all redirects."""
    return {name: route for name, route in figures["routes"].items() if name != EVERY_REDIRECT}


def _all_first(figures: Figures) -> list[tuple[str, Any]]:
    return [(EVERY_REDIRECT, figures["routes"][EVERY_REDIRECT]), *_single(figures).items()]
