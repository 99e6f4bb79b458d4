"""Picture that shows the figures: build/bench-workers.svg."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from loadtest.bench_workers.results import PLAIN, Results, stages
from loadtest.common.environment import interpreter
from loadtest.common.plot import LIGHT, draw_bars, save

_OURS, _THEIRS = LIGHT["good"], LIGHT["c7"]
_STAGES = (_OURS, *(LIGHT[name] for name in ("c5", "c6", "c0", "c2", "line")))


def draw(results: Results, path: Path) -> None:
    """Write one picture: clicks a second as bars, CPU of a click by stage."""
    figure = Figure(figsize=(13, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    _draw_speed(left, results)
    _draw_cpu(right, results)
    figure.suptitle(f"{results.entries:,} clicks from Redis to ClickHouse · {interpreter()}")
    save(figure, path)


def _draw_speed(axes: Axes, results: Results) -> None:
    speeds = {
        who: results.median(who, lambda run: run.clicks_per_second)
        for who in reversed(results.runs)
    }
    draw_bars(axes, speeds, [_THEIRS if who == PLAIN else _OURS for who in speeds])
    axes.set_title("Clicks a second, Redis and ClickHouse on the same cores")


def _draw_cpu(axes: Axes, results: Results) -> None:
    names = list(reversed(results.runs))
    # Else they stand in the order in which they are drawn.
    axes.barh(names, 0)
    found = {who: stages(runs) for who, runs in results.runs.items() if runs[0].stages_us}
    starts = dict.fromkeys(found, 0.0)
    for stage, colour in zip(next(iter(found.values()), {}), _STAGES, strict=False):
        widths = [found[who][stage] for who in found]
        axes.barh(list(found), widths, left=list(starts.values()), color=colour, label=stage)
        starts = {who: starts[who] + found[who][stage] for who in found}
    plain = results.median(PLAIN, lambda run: run.cpu_us)
    axes.barh([PLAIN], [plain], color=_THEIRS, label="all of it")
    for who in names:
        cpu = results.median(who, lambda run: run.cpu_us)
        axes.annotate(f"{cpu:.1f}", (cpu, who), (4, 0), textcoords="offset points", va="center")
    axes.set_xlim(0, plain * 1.15)
    axes.set_title("CPU of the consumer, µs a click")
    axes.legend(fontsize="small", ncols=4, loc="upper center", bbox_to_anchor=(0.5, -0.08))
