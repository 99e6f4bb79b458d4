"""Picture that shows the figures: build/bench-reports.svg."""

from pathlib import Path
from statistics import median

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from loadtest.bench_reports.questions import BEFORE
from loadtest.bench_reports.results import Results, percentile_ms
from loadtest.bench_reports.targets import longest_ms
from loadtest.common.plot import LIGHT, draw_bars, rarity, save, scale_latencies, scale_percentiles

_PERCENTS = (0, 50, 90, 99)


def draw(results: Results, path: Path) -> None:
    """Write one picture: the median of each question as bars, and how old clicks are when seen."""
    figure = Figure(figsize=(13, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    _draw_questions(left, results)
    _draw_ages(right, results)
    made = results.generated
    figure.suptitle(f"Reports over {made.clicks:,} clicks of {made.span_days} days")
    save(figure, path)


def _draw_questions(axes: Axes, results: Results) -> None:
    medians = {
        name: 1000 * median(run.seconds for run in runs)
        for name, runs in reversed(results.runs.items())
    }
    draw_bars(axes, medians, [LIGHT["c7" if name == BEFORE else "good"] for name in medians])
    # Else nothing is seen of what is a hundred times as fast.
    axes.set_xscale("log")
    axes.set_xlim(1, 10 * max(medians.values()))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda ms, _: f"{ms:,.0f}"))
    wanted = longest_ms(results.generated.clicks)
    axes.plot(list(wanted.values()), list(wanted), "|", color=LIGHT["doubt"], ms=32, mew=3)
    axes.set_title("Milliseconds until a report is there, median; marks: targets of p95")


def _draw_ages(axes: Axes, results: Results) -> None:
    lines = {
        "1,000 clicks a second": results.calm.seen.ages if results.calm else (),
        "eight ask meanwhile": results.rush.ages if results.rush else (),
    }
    scale_percentiles(axes, _PERCENTS)
    for (label, ages), colour in zip(lines.items(), ("good", "c1"), strict=True):
        if ages:
            percents = [*range(1, 99), 99]
            heights = [percentile_ms(ages, percent) for percent in percents]
            axes.plot(
                [rarity(each) for each in percents], heights, color=LIGHT[colour], label=label
            )
    scale_latencies(axes)
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, 100), max(high, 10_000))
    axes.grid(visible=True)
    axes.legend(fontsize="small")
    axes.set_title("From a click until a query finds it")
