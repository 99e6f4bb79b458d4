"""Picture that shows the figures: build/bench.svg."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from loadtest.bench.report.results import QUOTED_LEVEL, Results, VariantResult
from loadtest.common.plot import LIGHT, PERCENTS, SERIES, draw_bars, rarity, save, scale_percentiles

_OURS, _THEIRS = (LIGHT["good"], LIGHT["c5"]), [each for each in SERIES if each != LIGHT["c5"]]


def draw(results: Results, path: Path) -> None:
    """Write one picture: throughput as bars, latency at the quoted load by percentile."""
    figure = Figure(figsize=(13, 5.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    measured = [result for result in results.variants.values() if result.closed]
    colours = _colours(measured)
    _draw_throughput(left, measured, colours)
    _draw_latency(right, measured, colours)
    figure.suptitle(
        f"Short-link redirects on one server core · {results.environment['interpreter']}"
    )
    save(figure, path)


def _colours(measured: list[VariantResult]) -> dict[str, str]:
    theirs = iter(_THEIRS)
    ours = iter(_OURS)
    return {
        result.variant.name: next(ours if "Hopline" in result.variant.title else theirs)
        for result in measured
    }


def _draw_throughput(axes: Axes, measured: list[VariantResult], colours: dict[str, str]) -> None:
    ranked = sorted(measured, key=lambda result: result.closed.rps if result.closed else 0)
    rates = {_label(result): result.closed.rps if result.closed else 0 for result in ranked}
    draw_bars(axes, rates, [colours[result.variant.name] for result in ranked])
    axes.set_title("Requests a second, closed loop, 64 connections")


def _draw_latency(axes: Axes, measured: list[VariantResult], colours: dict[str, str]) -> None:
    for result in measured:
        if (run := result.at(QUOTED_LEVEL)) is None:
            continue
        void = result.open_void(QUOTED_LEVEL)
        points = [(float(name), ms) for name, ms in run.latency_ms.items() if float(name) < 100]
        axes.plot(
            [rarity(percent) for percent, _ in points],
            [ms for _, ms in points],
            label=f"{result.variant.name} at {run.rate:,.0f}/s" + (" (void)" if void else ""),
            color=colours[result.variant.name],
            linewidth=2.5 if "Hopline" in result.variant.title else 1.5,
        )
    scale_percentiles(axes, PERCENTS[1:-1])
    axes.set_title(f"Latency by percentile, open loop, {QUOTED_LEVEL} % of maximum")
    axes.grid(visible=True)
    if axes.lines:
        axes.legend(fontsize="small", ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.08))


def _label(result: VariantResult) -> str:
    notes = ["records nothing"] if not result.variant.records else []
    notes += ["void"] if result.closed_void else []
    return result.variant.title + (f" ({', '.join(notes)})" if notes else "")
