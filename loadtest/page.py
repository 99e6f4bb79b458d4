"""The report: one page without anything from elsewhere."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from loadtest.budget import EVERY_REDIRECT
from loadtest.figures import broke_at
from loadtest.plot import Curve, latency_chart, percentile_chart, rate_chart

_TEMPLATE = Path(__file__).with_name("page.html")
_WIDTHS = {"wide": (760, 330), "narrow": (380, 300)}
_HEADLINES = {
    "met": "The budget is met",
    "broken": "The budget is broken",
    "void": "This run proves nothing",
}
_PERCENTILES = {"50": "p50", "95": "p95", "99": "p99", "99.9": "p99.9", "100": "max"}
_PERCENT_OF = {name: float(percent) for percent, name in _PERCENTILES.items()}
Figures = Mapping[str, Any]
Row = Sequence[str]


def render(figures: Figures, baseline: Figures | None = None) -> str:
    """Return the page.

    Args:
        figures: a run, as `loadtest.figures` writes it.
        baseline: an earlier one, to be shown beside it.
    """
    return Template(_TEMPLATE.read_text()).substitute(
        outcome=figures["verdict"],
        headline=_HEADLINES[figures["verdict"]],
        title=escape(figures["title"] or "Load test"),
        subtitle=escape(_subtitle(figures)),
        reasons=_reasons(figures),
        tiles="".join(_tiles(figures, baseline)),
        percentiles=_chart(lambda *size: _percentiles(figures, baseline, *size)),
        legend=_legend(figures, baseline),
        latency=_chart(lambda *size: _latency(figures, *size)),
        rate=_chart(lambda *size: _rate(figures, *size)),
        marks=_marks(figures),
        budget=_budget(figures),
        routes=_table(("route", "requests", *_PERCENTILES.values(), "errors"), _routes(figures)),
        errors=_errors(figures),
        comparison=_comparison(figures, baseline),
        generator=_pairs(_generator(figures)),
        environment=_pairs(figures["environment"] | figures["options"]),
    )


def _subtitle(figures: Figures) -> str:
    options = figures["options"]
    when = figures["began"].replace("T", " ").replace("+00:00", " UTC")
    return (
        f"{figures['host']} · {options['rate']:,g} requests a second due, {options['arrivals']}"
        f" arrivals, shape {options['load_shape']}, {figures['seconds']:,g} s · {when}"
    )


def _reasons(figures: Figures) -> str:
    reasons = [*figures["violations"], *figures["doubts"]]
    return f"<ul>{''.join(f'<li>{escape(each)}</li>' for each in reasons)}</ul>" if reasons else ""


def _tiles(figures: Figures, baseline: Figures | None) -> Iterable[str]:
    every = figures["routes"][EVERY_REDIRECT]
    earlier = baseline["routes"][EVERY_REDIRECT]["latency_ms"] if baseline else {}
    for percent, name in _PERCENTILES.items():
        if name != "p95":
            ms = every["latency_ms"][percent]
            yield _tile(f"{ms:,.1f} ms", f"{name} of every redirect", _change(ms, earlier, percent))
    sent = sum(moment["per_second"] for moment in figures["timeline"])
    rate = sent / len(figures["timeline"]) if figures["timeline"] else 0.0
    yield _tile(f"{rate:,.0f}/s", "requests answered")
    errors = sum(sum(route["errors"].values()) for route in _single(figures).values())
    yield _tile(f"{errors:,}", "errors")
    if figures["options"]["load_shape"] == "ramp":
        rate = broke_at(figures["timeline"], _loosest_limit_ms(figures))
        yield _tile(f"{rate:,.0f}/s" if rate else "never", "broke at, three intervals in a row")
    if count := figures["count"]:
        exact = "exact" if count["is_exact"] else "not exact"
        text = f"{count['redirects']:,} redirects, {count['clicks']:,} clicks"
        yield _tile(exact, text)


def _loosest_limit_ms(figures: Figures) -> float:
    limits = [line["limit"] for line in figures["budget"] if line["unit"] == "ms"]
    return float(max(limits, default=0.0))


def _tile(value: str, name: str, note: str = "") -> str:
    return f"<div class=tile><b>{value}</b><span>{name}</span>{note}</div>"


def _change(ms: float, earlier: Mapping[str, float], percent: str) -> str:
    if not earlier.get(percent):
        return ""
    return f"<small>{ms / earlier[percent] - 1:+.0%} against the baseline</small>"


def _single(figures: Figures) -> dict[str, Any]:
    return {name: route for name, route in figures["routes"].items() if name != EVERY_REDIRECT}


def _all_first(figures: Figures) -> list[tuple[str, Any]]:
    return [(EVERY_REDIRECT, figures["routes"][EVERY_REDIRECT]), *_single(figures).items()]


def _curves(figures: Figures, baseline: Figures | None) -> list[Curve]:
    curves = [
        Curve(name, route["curve"], f"c{number % 9}")
        for number, (name, route) in enumerate(_single(figures).items())
    ]
    if baseline:
        curves.append(
            Curve("baseline", baseline["routes"][EVERY_REDIRECT]["curve"], "every dashed")
        )
    every = figures["routes"][EVERY_REDIRECT]["curve"]
    return [*curves, Curve(EVERY_REDIRECT, every, "every")]


def _percentiles(figures: Figures, baseline: Figures | None, width: int, height: int) -> str:
    limits = [
        (_PERCENT_OF[line["measure"]], line["limit"])
        for line in figures["budget"]
        if line["route"] == EVERY_REDIRECT and line["unit"] == "ms" and line["measure"] != "max"
    ]
    return percentile_chart(_curves(figures, baseline), limits, width, height)


def _latency(figures: Figures, width: int, height: int) -> str:
    curves = [
        Curve(name, [(moment["at"], moment[name]) for moment in figures["timeline"]], style)
        for name, style in (("max", "faint"), ("p99", "second"), ("p50", "every"))
    ]
    return latency_chart(curves, _stretches(figures), figures["seconds"], width, height)


def _rate(figures: Figures, width: int, height: int) -> str:
    timeline = figures["timeline"]
    wide = figures["interval_seconds"]
    curves = [
        Curve("requests", [(moment["at"], moment["per_second"]) for moment in timeline], "every"),
        Curve("errors", [(moment["at"], moment["errors"] / wide) for moment in timeline], "bad"),
    ]
    return rate_chart(curves, _stretches(figures), figures["seconds"], width, height * 2 // 3)


def _stretches(figures: Figures) -> list[tuple[float, float]]:
    return [(mark["start"], mark["end"]) for mark in figures["marks"]]


def _chart(draw: Callable[[int, int], str]) -> str:
    """Draw it for a desk and for a phone; the page shows the one that fits."""
    return "".join(f'<div class="{name}">{draw(*size)}</div>' for name, size in _WIDTHS.items())


def _legend(figures: Figures, baseline: Figures | None) -> str:
    return "".join(
        f'<span><i class="{curve.style}"></i>{escape(curve.name)}</span>'
        for curve in reversed(_curves(figures, baseline))
    )


def _marks(figures: Figures) -> str:
    texts = [
        f"{mark['start']:g}-{mark['end']:g} s: {escape(mark['text'])}" for mark in figures["marks"]
    ]
    return f"<p class=note>Shaded: {'; '.join(texts)}.</p>" if texts else ""


def _budget(figures: Figures) -> str:
    """Return a row for each route and a column for each measure: measured / allowed."""
    lines = figures["budget"]
    measures = list(dict.fromkeys(line["measure"] for line in lines))
    cells = {(line["route"], line["measure"]): _comparison_cell(line) for line in lines}
    rows = [
        (escape(route), *(cells.get((route, measure), "") for measure in measures))
        for route in dict.fromkeys(line["route"] for line in lines)
    ]
    return _table(("route", *measures), rows)


def _comparison_cell(line: Mapping[str, Any]) -> str:
    sign = "kept" if line["is_kept"] else "broken"
    bound = "≥" if line["measure"] == "requests" else "≤"
    measured = f"{line['measured']:,.0f}" if not line["unit"] else f"{line['measured']:,.3g}"
    return f"<em class={sign}>{measured}</em> {bound} {line['limit']:,g} {line['unit']}"


def _routes(figures: Figures) -> Iterable[Row]:
    for name, route in _all_first(figures):
        latencies = [f"{route['latency_ms'][percent]:,.1f} ms" for percent in _PERCENTILES]
        errors = sum(route["errors"].values())
        yield escape(name), f"{route['requests']:,}", *latencies, f"{errors:,}"


def _errors(figures: Figures) -> str:
    rows = [
        (escape(name), escape(error), f"{number:,}")
        for name, route in _single(figures).items()
        for error, number in route["errors"].items()
    ]
    if cut := figures["cut_connections"]:
        rows.append(("(any)", "connection ended before the answer, asked again", f"{cut:,}"))
    return _table(("route", "what", "times"), rows) if rows else "<p class=note>None.</p>"


def _comparison(figures: Figures, baseline: Figures | None) -> str:
    if baseline is None:
        return ""
    rows = []
    for name, route in _all_first(figures):
        earlier = baseline["routes"].get(name, {"latency_ms": {}})["latency_ms"]
        cells = [
            f"{ms:,.1f} ms {_change(ms, earlier, percent)}"
            for percent, ms in route["latency_ms"].items()
        ]
        rows.append((escape(name), *cells))
    heading = f"<h2>Beside the baseline of {escape(baseline['began'][:10])}</h2>"
    return heading + _table(("route", *_PERCENTILES.values()), rows)


def _generator(figures: Figures) -> dict[str, str]:
    generator = figures["generator"]
    return {
        "requests due": f"{generator['due']:,}",
        "never sent": f"{generator['unsent']:,}",
        "waited for a free connection": f"{generator['queued']:,}",
        "sent late by its own fault": f"{generator['late_ms']['50']:.2f} ms (p50),"
        f" {generator['late_ms']['99']:.2f} ms (p99), {generator['late_ms']['100']:.1f} ms (max)",
        "event loop woke up late": f"{generator['loop_ms']['50']:.2f} ms (p50),"
        f" {generator['loop_ms']['99']:.2f} ms (p99), {generator['loop_ms']['100']:.1f} ms (max)",
        "busiest process": f"busy {generator['busiest_share']:.0%} of the time",
    }


def _table(heads: Row, rows: Iterable[Row]) -> str:
    head = "".join(f"<th>{name}</th>" for name in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<div class=scroll><table><tr>{head}</tr>{body}</table></div>"


def _pairs(values: Mapping[str, Any]) -> str:
    items = "".join(
        f"<dt>{escape(_title(name))}</dt><dd>{escape(str(value))}</dd>"
        for name, value in values.items()
        if value is not None
    )
    return f"<dl>{items}</dl>"


def _title(name: str) -> str:
    """Return how a name reads: a variable as it is typed, others as words."""
    return name if name.isupper() else name.replace("_", " ")
