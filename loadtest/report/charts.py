"""Charts that show a run: latency by percentile, and latency and rate over its seconds."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from loadtest.common import plot
from loadtest.common.plot import LIGHT, TOLD, rarity
from loadtest.report.baseline import Figures
from loadtest.report.budget import EVERY_REDIRECT

#: Pixels; the page shows the one that fits, on a desk or on a phone.
_SIZES = {"wide": (760, 330), "narrow": (380, 300)}
#: Pixels between the border and the axes.
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 26, 16, 30
_STEPS = (1, 2, 5, 10)
_STYLE: dict[Any, Any] = {
    "axes.autolimit_mode": "round_numbers",
    "axes.grid": True,
    "axes.xmargin": 0,
    "axes.ymargin": 0,
    "font.size": 12,
    **{f"{axis}.labelsize": 12 for axis in ("xtick", "ytick")},
    **{f"{axis}.major.size": 0 for axis in ("xtick", "ytick")},
    **{f"{axis}.major.pad": 8 for axis in ("xtick", "ytick")},
}


class Curve(NamedTuple):
    """A line of a chart, solid or dashed, in a colour of the page's."""

    name: str
    points: Sequence[tuple[float, float]]
    colour: str
    width: float = 2
    line: str = "solid"


class Chart(NamedTuple):
    """What is drawn, as SVG for each class of the page's, and what its legend names."""

    drawn: Mapping[str, str]
    curves: Sequence[Curve]


def percentile_chart(figures: Figures, baseline: Figures | None) -> Chart:
    """Draw a thin curve for each route; above them all redirects, and what these may take."""
    curves, limits = _tails(figures, baseline), _limits(figures)
    rarest = max([100.0, *map(rarity, limits), *(x for each in curves for x, _ in each.points)])

    def scale(axes: Axes, width: int) -> None:
        ticks = [each for each in plot.PERCENTS if rarity(each) <= rarest]
        plot.scale_percentiles(axes, ticks if width > 500 else ticks[1:])
        axes.set_xlim(1, rarest)
        for percent, ms in limits.items():
            _draw_limit(axes, percent, ms, rarest ** (16 / width))

    return _chart("Latency by percentile", curves, scale)


def latency_chart(figures: Figures) -> Chart:
    """Draw milliseconds over the seconds of a run, marked stretches shaded."""
    curves = [
        Curve("slowest", _over_time(figures, "max"), "c7", 1.3),
        Curve("p99", _over_time(figures, "p99"), "c1"),
        Curve("p50", _over_time(figures, "p50"), "good", 3),
    ]
    scale = partial(_scale_seconds, figures, plot.scale_latencies)
    return _chart("Latency", curves, scale)


def rate_chart(figures: Figures) -> Chart:
    """Draw requests a second over the seconds of a run, marked stretches shaded."""
    curves = [
        Curve("errors", _over_time(figures, "errors", figures["interval_seconds"]), "bad"),
        Curve("answered", _over_time(figures, "per_second"), "good", 3),
    ]
    scale = partial(_scale_seconds, figures, _scale_rates)
    return _chart("Requests a second", curves, scale, part=2 / 3)


def _tails(figures: Figures, baseline: Figures | None) -> list[Curve]:
    routes = {name: _tail(route) for name, route in figures["routes"].items()}
    every = Curve(EVERY_REDIRECT, routes.pop(EVERY_REDIRECT), "good", 3)
    thin = [
        Curve(name, points, f"c{number % 9}", 1.3)
        for number, (name, points) in enumerate(routes.items())
    ]
    earlier = [_tail(baseline["routes"][EVERY_REDIRECT])] if baseline else []
    dashed = [Curve("baseline", points, "good", line="dashed") for points in earlier]
    return [*reversed(thin), *dashed, every]


def _tail(route: Mapping[str, Any]) -> list[tuple[float, float]]:
    return [(rarity(percent), ms) for percent, ms in route["curve"]]


def _limits(figures: Figures) -> dict[float, float]:
    """Return percentile to the most milliseconds that decide about all redirects."""
    return {
        float(line["measure"].removeprefix("p")): line["limit"]
        for line in figures["budget"]
        if line["route"] == EVERY_REDIRECT and line["measure"].startswith("p") and not line["goal"]
    }


def _over_time(figures: Figures, name: str, unit: float = 1) -> list[tuple[float, float]]:
    return [(moment["at"], moment[name] / unit) for moment in figures["timeline"]]


def _draw_limit(axes: Axes, percent: float, ms: float, reach: float) -> None:
    """Draw a bar that the curves have to stay under, above them all."""
    x, colour = rarity(percent), LIGHT["bad"]
    told = f"{TOLD}at most {ms:g} ms at {percent:g} %"
    axes.plot([x / reach, x * reach], [ms, ms], color=colour, linewidth=3, zorder=4, gid=told)
    axes.annotate(
        f"{ms:g} ms",
        (x, ms),
        (0, 6),
        textcoords="offset points",
        ha="center",
        color=colour,
        weight="bold",
        bbox={"facecolor": LIGHT["card"], "linewidth": 0, "pad": 1},
    )


def _scale_rates(axes: Axes) -> None:
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=_STEPS))
    axes.yaxis.set_major_formatter("{x:,g}")
    axes.set_ylim(bottom=0)


def _scale_seconds(
    figures: Figures, scale_values: Callable[[Axes], None], axes: Axes, width: int
) -> None:
    seconds = figures["seconds"]
    scale_values(axes)
    axes.xaxis.set_major_locator(MaxNLocator(8 if width > 500 else 4, steps=_STEPS))
    axes.xaxis.set_major_formatter("{x:g} s")
    axes.set_xlim(0, seconds)
    for mark in figures["marks"]:
        start, end = min(mark["start"], seconds), min(mark["end"], seconds)
        axes.axvspan(start, end, color=LIGHT["mark"], linewidth=0, gid=TOLD + mark["text"])


def _chart(
    label: str, curves: Sequence[Curve], scale: Callable[[Axes, int], None], part: float = 1
) -> Chart:
    """Draw each size.

    Args:
        scale: what scales axes so many pixels wide.
        part: of the usual height.
    """
    drawn = {}
    with rc_context(_STYLE):
        for name, (width, height) in _SIZES.items():
            figure, axes = _empty(width, height * part)
            for curve in curves:
                _draw_curve(axes, curve)
            scale(axes, width)
            drawn[name] = plot.inline(figure, label)
    return Chart(drawn, curves[::-1])


def _empty(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a figure of so many pixels, and its axes without any frame."""
    figure = Figure((width / 72, height / 72), frameon=False)
    inner_width, inner_height = width - _LEFT - _RIGHT, height - _TOP - _BOTTOM
    bounds = (_LEFT / width, _BOTTOM / height, inner_width / width, inner_height / height)
    return figure, figure.add_axes(bounds, frameon=False)


def _draw_curve(axes: Axes, curve: Curve) -> None:
    axes.plot(
        [x for x, _ in curve.points],
        [y for _, y in curve.points],
        color=LIGHT[curve.colour],
        linewidth=curve.width,
        linestyle=curve.line,
        gid=TOLD + curve.name,
    )
