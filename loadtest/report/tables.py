"""The tables of the report, in HTML."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from loadtest.report.baseline import Figures, differences, remarks
from loadtest.report.budget import EVERY_REDIRECT, number

PERCENTILES = {"50": "p50", "95": "p95", "99": "p99", "99.9": "p99.9", "100": "max"}
Row = Sequence[str]


def budget(figures: Figures) -> str:
    """Return what decided, measured beside allowed."""
    return _limits([line for line in figures["budget"] if not line["goal"]])


def goals(figures: Figures) -> str:
    """Return a table for each goal, as :func:`budget`."""
    lines = [line for line in figures["budget"] if line["goal"]]
    return "".join(
        f"<h2>Goal: {escape(goal)}</h2>" + _limits([line for line in lines if line["goal"] == goal])
        for goal in dict.fromkeys(line["goal"] for line in lines)
    )


def routes(figures: Figures) -> str:
    """Return a row for each route: requests, percentiles, errors."""
    heads = ("route", "requests", *PERCENTILES.values(), "errors")
    return _table(heads, _route_rows(figures))


def _route_rows(figures: Figures) -> Iterable[Row]:
    for name, route in _all_first(figures):
        latencies = [f"{route['latency_ms'][percent]:,.1f} ms" for percent in PERCENTILES]
        errors = sum(route["errors"].values())
        yield escape(name), f"{route['requests']:,}", *latencies, f"{errors:,}"


def errors(figures: Figures) -> str:
    """Return each kind of error with its route and number."""
    rows = [
        (escape(name), escape(error), f"{number:,}")
        for name, route in single(figures).items()
        for error, number in route["errors"].items()
    ]
    if cut := figures["cut_connections"]:
        rows.append(("(any)", "connection ended before the answer, asked again", f"{cut:,}"))
    return _table(("route", "what", "times"), rows) if rows else "<p class=note>None.</p>"


def comparison(figures: Figures, baseline: Figures | None) -> str:
    """Return each percentile beside an earlier run's; or why the two can't be compared."""
    if baseline is None:
        return ""
    when = escape(baseline["began"][:10])
    if others := differences(figures, baseline):
        return (
            f"<h2>Not compared with the baseline of {when}</h2>"
            f"<p class=note>Its load was another one: {escape('; '.join(others))}.</p>"
        )
    rows = []
    for name, route in _all_first(figures):
        earlier = baseline["routes"].get(name, {"latency_ms": {}})["latency_ms"]
        cells = [
            f"{ms:,.1f} ms <small>{change(ms, earlier, percent)}</small>"
            for percent, ms in route["latency_ms"].items()
        ]
        rows.append((escape(name), *cells))
    told = remarks(figures, baseline)
    note = f"<p class=note>About the baseline: {escape('; '.join(told))}.</p>" if told else ""
    heading = f"<h2>Beside the baseline of {when}</h2>"
    return heading + _table(("route", *PERCENTILES.values()), rows) + note


def single(figures: Figures) -> dict[str, Any]:
    """Return the routes one by one, without the sum of all redirects."""
    return {name: route for name, route in figures["routes"].items() if name != EVERY_REDIRECT}


def change(ms: float, earlier: Mapping[str, float], percent: str) -> str:
    """Return how much longer it took than earlier, e.g. +12%; nothing if that isn't known."""
    if not earlier.get(percent):
        return ""
    return f"{ms / earlier[percent] - 1:+.0%}"


def _limits(lines: Sequence[Mapping[str, Any]]) -> str:
    """Return a row for each route and a column for each measure: measured / allowed."""
    there = {line["measure"] for line in lines}
    measures = [each for each in ("requests", *PERCENTILES.values(), "errors") if each in there]
    cells = {(line["route"], line["measure"]): _comparison_cell(line) for line in lines}
    rows = [
        (escape(route), *(cells.get((route, measure), "") for measure in measures))
        for route in dict.fromkeys(line["route"] for line in lines)
    ]
    return _table(("route", *measures), rows)


def _comparison_cell(line: Mapping[str, Any]) -> str:
    sign = "kept" if line["is_kept"] else "broken"
    bound = "≥" if line["measure"] == "requests" else "≤"
    measured, limit = number(line["measured"]), number(line["limit"])
    return f"<em class={sign}>{measured}</em> {bound} {limit} {line['unit']}"


def _all_first(figures: Figures) -> list[tuple[str, Any]]:
    return [(EVERY_REDIRECT, figures["routes"][EVERY_REDIRECT]), *single(figures).items()]


def _table(heads: Row, rows: Iterable[Row]) -> str:
    """Return a table whose cells know their column, as a phone shows each row as a list."""
    head = "".join(f"<th>{name}</th>" for name in heads)
    body = "".join(
        f"<tr>{''.join(_cell(*named) for named in zip(heads, row, strict=True))}</tr>"
        for row in rows
    )
    return f"<div class=scroll><table><tr>{head}</tr>{body}</table></div>"


def _cell(head: str, text: str) -> str:
    return f'<td data-column="{head}">{text and f"<span>{text}</span>"}</td>'
