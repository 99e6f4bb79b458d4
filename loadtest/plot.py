"""Charts as inline SVG, in the colours of the page around them (CSS classes)."""

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import NamedTuple

_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 12, 30
_PERCENTS = (0, 50, 90, 99, 99.9, 99.99, 99.999)
Points = Sequence[tuple[float, float]]


class Curve(NamedTuple):
    """A line of a chart.

    Attributes:
        style: its CSS classes.
    """

    name: str
    points: Points
    style: str


class Frame(NamedTuple):
    """A chart's area and how values become places in it."""

    width: int
    height: int
    x: Callable[[float], float]
    y: Callable[[float], float]


def percentile_chart(
    curves: Sequence[Curve], limits: Iterable[tuple[float, float]], width: int, height: int
) -> str:
    """Draw latency by percentile, both axes logarithmic: the tail gets as much room as the rest.

    Args:
        limits: percentile and the milliseconds that it may take.
    """
    bounds = list(limits)
    values = [ms for curve in curves for _, ms in curve.points] + [ms for _, ms in bounds]
    low, high = _decades(values)
    rarest = max((rarity(percent) for curve in curves for percent, _ in curve.points), default=1.0)
    frame = Frame(
        width, height, _log_scale(1, max(rarest, 100), _LEFT, width - _RIGHT), _y(low, high, height)
    )
    ticks = [(frame.x(rarity(p)), f"{p:g} %") for p in _PERCENTS if rarity(p) <= max(rarest, 100)]
    if width < 500:
        ticks = [tick for tick in ticks if tick[1] != "0 %"]
    parts = [_grid(frame, ticks, _ms_ticks(frame, low, high))]
    parts += [
        _line(curve, [(frame.x(rarity(p)), frame.y(ms)) for p, ms in curve.points])
        for curve in curves
    ]
    # Last, so that no curve covers what it has to stay under.
    parts += [_limit(frame, percent, ms) for percent, ms in bounds]
    return _svg(frame, parts, "Latency by percentile")


def latency_chart(
    curves: Sequence[Curve],
    marks: Iterable[tuple[float, float]],
    seconds: float,
    width: int,
    height: int,
) -> str:
    """Draw milliseconds over the seconds of a run, logarithmic; marks are shaded stretches."""
    low, high = _decades([ms for curve in curves for _, ms in curve.points])
    frame = Frame(width, height, _linear(0, seconds, _LEFT, width - _RIGHT), _y(low, high, height))
    return _over_time(frame, curves, marks, seconds, _ms_ticks(frame, low, high), "Latency")


def rate_chart(
    curves: Sequence[Curve],
    marks: Iterable[tuple[float, float]],
    seconds: float,
    width: int,
    height: int,
) -> str:
    """Draw requests a second over the seconds of a run."""
    most = max((value for curve in curves for _, value in curve.points), default=0.0)
    high = _round_up(most)
    frame = Frame(
        width,
        height,
        _linear(0, seconds, _LEFT, width - _RIGHT),
        _linear(0, high, height - _BOTTOM, _TOP),
    )
    ticks = [(frame.y(high * part / 4), f"{high * part / 4:,.0f}") for part in range(5)]
    return _over_time(frame, curves, marks, seconds, ticks, "Requests a second")


def rarity(percent: float) -> float:
    """Return how many requests stand behind one that is slower: 100 for the 99th percentile."""
    return 100 / (100 - min(percent, 99.9999))


def _over_time(
    frame: Frame,
    curves: Sequence[Curve],
    marks: Iterable[tuple[float, float]],
    seconds: float,
    y_ticks: Sequence[tuple[float, str]],
    title: str,
) -> str:
    steps = 4 if frame.width < 500 else 8
    step = _round_up(seconds / steps)
    times = [number * step for number in range(int(seconds / step) + 1)]
    parts = [
        f'<rect class="mark" x="{frame.x(start):.1f}" y="{_TOP}"'
        f' width="{frame.x(min(end, seconds)) - frame.x(start):.1f}"'
        f' height="{frame.height - _TOP - _BOTTOM}"/>'
        for start, end in marks
    ]
    parts.append(_grid(frame, [(frame.x(t), f"{t:g} s") for t in times], y_ticks))
    parts += [
        _line(curve, [(frame.x(t), frame.y(value)) for t, value in curve.points])
        for curve in curves
    ]
    return _svg(frame, parts, title)


def _svg(frame: Frame, parts: Iterable[str], title: str) -> str:
    return (
        f'<svg viewBox="0 0 {frame.width} {frame.height}" role="img" aria-label="{escape(title)}">'
        f"{''.join(parts)}</svg>"
    )


def _grid(
    frame: Frame, x_ticks: Sequence[tuple[float, str]], y_ticks: Sequence[tuple[float, str]]
) -> str:
    bottom, right = frame.height - _BOTTOM, frame.width - _RIGHT
    parts = [
        f'<path class="grid" d="M{_LEFT} {y:.1f}H{right}"/>'
        f'<text class="y" x="{_LEFT - 8}" y="{y + 4:.1f}">{text}</text>'
        for y, text in y_ticks
    ]
    parts += [
        f'<path class="grid" d="M{x:.1f} {_TOP}V{bottom}"/>'
        f'<text class="{"x end" if x > right - 20 else "x"}" x="{x:.1f}"'
        f' y="{bottom + 20}">{text}</text>'
        for x, text in x_ticks
    ]
    return "".join(parts)


def _line(curve: Curve, places: Points) -> str:
    if not places:
        return ""
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    return (
        f'<path class="line {curve.style}" d="M{path}"><title>{escape(curve.name)}</title></path>'
    )


def _limit(frame: Frame, percent: float, ms: float) -> str:
    """A limit is a bar that the curve has to stay under."""
    x, y = frame.x(rarity(percent)), frame.y(ms)
    return (
        f'<path class="limit" d="M{x - 16:.1f} {y:.1f}H{x + 16:.1f}"/>'
        f'<text class="limit" x="{x:.1f}" y="{y - 6:.1f}">{ms:g} ms</text>'
    )


def _decades(values: Iterable[float]) -> tuple[float, float]:
    positive = [value for value in values if value > 0] or [1.0]
    low = 10.0 ** math.floor(math.log10(min(positive)))
    high = 10.0 ** math.ceil(math.log10(max(positive) * 1.05))
    return low, max(high, low * 100)


def _y(low: float, high: float, height: int) -> Callable[[float], float]:
    return _log_scale(low, high, height - _BOTTOM, _TOP)


def _ms_ticks(frame: Frame, low: float, high: float) -> list[tuple[float, str]]:
    count = round(math.log10(high / low))
    return [(frame.y(low * 10**n), _duration(low * 10**n)) for n in range(count + 1)]


def _duration(ms: float) -> str:
    return f"{ms:g} ms" if ms < 1000 else f"{ms / 1000:g} s"


def _log_scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    span = math.log(high / low)
    return lambda value: start + (end - start) * math.log(max(value, low) / low) / span


def _linear(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    return lambda value: start + (end - start) * (value - low) / (high - low)


def _round_up(value: float) -> float:
    """Return 1, 2 or 5 times a power of ten that is not less."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)
