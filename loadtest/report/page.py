"""The report: one page without anything from elsewhere."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from loadtest.plot import Curve, latency_chart, percentile_chart, rate_chart
from loadtest.report import tables
from loadtest.report.baseline import Figures, differences
from loadtest.report.budget import EVERY_REDIRECT
from loadtest.report.figures import broke_at

_TEMPLATE = Path(__file__).with_name("page.html")
_WIDTHS = {"wide": (760, 330), "narrow": (380, 300)}
HEADLINES = {
    "met": "The budget is met",
    "broken": "The budget is broken",
    "void": "This run proves nothing",
}
_PERCENT_OF = {name: float(percent) for percent, name in tables.PERCENTILES.items()}


def render(figures: Figures, baseline: Figures | None = None) -> str:
    """Return the page.

    Args:
        figures: a run, as `loadtest.report.figures` writes it.
        baseline: an earlier one, to be shown beside it if its load was the same.
    """
    comparison = tables.comparison(figures, baseline)
    if baseline and differences(figures, baseline):
        baseline = None
    return Template(_TEMPLATE.read_text()).substitute(
        outcome=figures["verdict"],
        headline=HEADLINES[figures["verdict"]],
        title=escape(figures["title"] or "Load test"),
        subtitle=escape(_subtitle(figures)),
        decides=escape(figures["decides"]),
        reasons=reasons(
            figures["verdict"],
            figures["violations"],
            figures["doubts"],
            figures["missed_goals"],
        ),
        tiles="".join(_tiles(figures, baseline)),
        percentiles=_chart(lambda *size: _percentiles(figures, baseline, *size)),
        legend=_legend(figures, baseline),
        latency=_chart(lambda *size: _latency(figures, *size)),
        rate=_chart(lambda *size: _rate(figures, *size)),
        marks=_marks(figures),
        budget=tables.budget(figures),
        goals=tables.goals(figures),
        routes=tables.routes(figures),
        errors=tables.errors(figures),
        comparison=comparison,
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


def reasons(
    outcome: str, violations: Sequence[str], doubts: Sequence[str], missed: Sequence[str]
) -> str:
    """Return why a run came out as it did: first what decided, and each kind under its name."""
    broken = ("Past the budget" if outcome == "broken" else "Would have been broken by", violations)
    doubtful = ("Why it proves nothing" if outcome == "void" else "In doubt", doubts)
    kinds = [doubtful, broken] if outcome == "void" else [broken, doubtful]
    kinds.append(("Missed goals, which change no verdict", missed))
    return "".join(
        f"<h2>{title}</h2><ul>{''.join(f'<li>{escape(each)}</li>' for each in told)}</ul>"
        for title, told in kinds
        if told
    )


def _tiles(figures: Figures, baseline: Figures | None) -> Iterable[str]:
    every = figures["routes"][EVERY_REDIRECT]
    earlier = baseline["routes"][EVERY_REDIRECT]["latency_ms"] if baseline else {}
    for percent, name in tables.PERCENTILES.items():
        if name != "p95":
            ms = every["latency_ms"][percent]
            change = tables.change(ms, earlier, percent)
            beside = f"<small>{change} against the baseline</small>" if change else ""
            yield _tile(f"{ms:,.1f} ms", f"{name} of every redirect", beside)
    sent = sum(moment["per_second"] for moment in figures["timeline"])
    rate = sent / len(figures["timeline"]) if figures["timeline"] else 0.0
    yield _tile(f"{rate:,.0f}/s", "requests answered")
    errors = sum(sum(route["errors"].values()) for route in tables.single(figures).values())
    yield _tile(f"{errors:,}", "errors")
    if figures["options"]["load_shape"] == "ramp":
        rate = broke_at(figures["timeline"], _loosest_limit_ms(figures))
        yield _tile(f"{rate:,.0f}/s" if rate else "never", "broke at, three intervals in a row")
    if count := figures["count"]:
        exact = "exact" if count["is_exact"] else "not exact"
        text = f"{count['redirects']:,} redirects, {count['clicks']:,} clicks"
        yield _tile(exact, text)


def _loosest_limit_ms(figures: Figures) -> float:
    lines = [line for line in figures["budget"] if not line["goal"]]
    limits = [line["limit"] for line in lines if line["unit"] == "ms"]
    return float(max(limits, default=0.0))


def _tile(value: str, name: str, note: str = "") -> str:
    return f"<div class=tile><b>{value}</b><span>{name}</span>{note}</div>"


def _curves(figures: Figures, baseline: Figures | None) -> list[Curve]:
    curves = [
        Curve(name, route["curve"], f"c{number % 9}")
        for number, (name, route) in enumerate(tables.single(figures).items())
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
        if line["route"] == EVERY_REDIRECT
        and line["unit"] == "ms"
        and line["measure"] != "max"
        and not line["goal"]
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


def _pairs(values: Mapping[str, Any]) -> str:
    items = "".join(
        f"<dt>{escape(_title(name))}</dt><dd>{escape(_value(value))}</dd>"
        for name, value in values.items()
        if value is not None
    )
    return f"<dl>{items}</dl>"


def _title(name: str) -> str:
    """Return how a name reads: a variable as it is typed, others as words."""
    return name if name.isupper() else name.replace("_", " ")


def _value(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)
