"""The figures as a picture: build/bench.svg."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from loadtest.bench.results import QUOTED_LEVEL, Results, VariantResult

#: Percentiles on the axis; each is as far from the next as it is ten times rarer.
_TICKS = (50, 90, 99, 99.9, 99.99)
_OURS = "#0b7a75"
_THEIRS = ("#8d99ae", "#c08552", "#9a6fb0", "#5b8e3e", "#3d5a80", "#b5485d", "#d4a017")


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
    figure.savefig(path, metadata={"Date": None})


def _colours(measured: list[VariantResult]) -> dict[str, str]:
    theirs = iter(_THEIRS)
    ours = iter((_OURS, "#56b6b0"))
    return {
        result.variant.name: next(ours if "Hopline" in result.variant.title else theirs)
        for result in measured
    }


def _draw_throughput(axes: Axes, measured: list[VariantResult], colours: dict[str, str]) -> None:
    ranked = sorted(measured, key=lambda result: result.closed.rps if result.closed else 0)
    rates = [result.closed.rps if result.closed else 0 for result in ranked]
    bars = axes.barh(
        [_label(result) for result in ranked],
        rates,
        color=[colours[result.variant.name] for result in ranked],
    )
    axes.bar_label(bars, labels=[f"{rate:,.0f}" for rate in rates], padding=4)
    axes.set_xlim(0, max(rates, default=1) * 1.15)
    axes.set_title("Requests a second, closed loop, 64 connections")
    axes.spines[["top", "right"]].set_visible(False)
    axes.xaxis.set_major_formatter("{x:,.0f}")


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
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks([rarity(tick) for tick in _TICKS], [f"{tick:g} %" for tick in _TICKS])
    axes.minorticks_off()
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_title(f"Latency (ms) by percentile, open loop, {QUOTED_LEVEL} % of maximum")
    axes.grid(visible=True, alpha=0.3)
    if axes.lines:
        axes.legend(fontsize="small", ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.08))


def rarity(percent: float) -> float:
    """Return how many requests stand behind one that is slower: 100 for the 99th percentile."""
    return 100 / (100 - percent)


def _label(result: VariantResult) -> str:
    notes = ["records nothing"] if not result.variant.records else []
    notes += ["void"] if result.closed_void else []
    return result.variant.title + (f" ({', '.join(notes)})" if notes else "")
