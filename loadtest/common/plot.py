"""Style that all charts share: colours, bars, the axes of a tail, and SVG that never differs.

Only what draws imports this: matplotlib takes time and memory that a load generator hasn't got.
"""

import re
from collections.abc import Iterable, Mapping
from io import StringIO
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

#: Colour by name, on light paper and on dark. No two are the same on light paper.
COLOURS = {
    "paper": ("#f6f5f2", "#15171a"),
    "card": ("#ffffff", "#1c1f23"),
    "ink": ("#22252a", "#e8e6e1"),
    "quiet": ("#666c75", "#9aa1ab"),
    "line": ("#dcd9d2", "#2e3238"),
    "good": ("#1f6f5c", "#6fcdb3"),
    "bad": ("#b3362b", "#f08a7e"),
    "doubt": ("#8a6100", "#e0b65a"),
    "mark": ("#f0e3c4", "#3a3322"),
    "c0": ("#3d6fb4", "#7fa8e0"),
    "c1": ("#c27a2c", "#e0a662"),
    "c2": ("#8a5fb0", "#b895db"),
    "c3": ("#4b8f3a", "#8cc47c"),
    "c4": ("#b5485d", "#e08a9b"),
    "c5": ("#2d8c99", "#6cc0cc"),
    "c6": ("#9a7d1e", "#cfb45a"),
    "c7": ("#7a7f88", "#9aa1ab"),
    "c8": ("#a45a3c", "#d08f72"),
}
LIGHT = {name: light for name, (light, _) in COLOURS.items()}
#: What tells one line, bar or stage from the next.
SERIES = tuple(colour for name, colour in LIGHT.items() if re.fullmatch(r"c\d", name))
#: Begins the gid of what says its name under the mouse, see :func:`inline`.
TOLD = "told:"
#: Percentiles on an axis; each is as far from the next as it is ten times rarer.
PERCENTS = (0, 50, 90, 99, 99.9, 99.99, 99.999)
_VARIABLES = {light: f"var(--{name})" for name, light in LIGHT.items()}
_COLOUR = re.compile(r"#[0-9a-f]{6}\b")
_FOR_A_PAGE = (
    (re.compile(r"^.*?(?=<svg)|<defs>.*?</defs>|\n *", re.DOTALL), ""),
    (re.compile(rf'<g id="{TOLD}([^"]*)">'), r"<g><title>\1</title>"),
    (re.compile(r' (?:id|clip-path)="[^"]*"'), ""),
)
_NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))

matplotlib.rcParams.update(
    {
        "axes.edgecolor": LIGHT["quiet"],
        "axes.spines.right": False,
        "axes.spines.top": False,
        "font.sans-serif": ["DejaVu Sans"],
        "grid.color": LIGHT["line"],
        "svg.hashsalt": "hopline",
        "text.color": LIGHT["ink"],
        "xtick.color": LIGHT["quiet"],
        "ytick.color": LIGHT["quiet"],
    }
)


def rarity(percent: float) -> float:
    """Return how many requests stand behind one that is slower: 100 for the 99th percentile."""
    return 100 / (100 - min(percent, 99.9999))


def scale_percentiles(axes: Axes, percents: Iterable[float]) -> None:
    """Make both axes logarithmic, so that the tail gets as much room as the rest."""
    ticks = list(percents)
    axes.set_xscale("log")
    axes.set_xticks([rarity(tick) for tick in ticks], [f"{tick:g} %" for tick in ticks])
    scale_latencies(axes)


def scale_latencies(axes: Axes) -> None:
    """Make the axis of latencies, in milliseconds, logarithmic."""
    axes.set_yscale("log", nonpositive="mask")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda ms, _: _duration(ms)))
    axes.minorticks_off()


def draw_bars(axes: Axes, values: Mapping[str, float], colours: Iterable[str]) -> None:
    """Draw a bar for each name, the first one lowest, and write its number behind it."""
    bars = axes.barh(list(values), list(values.values()), color=list(colours))
    axes.bar_label(bars, labels=[f"{value:,.0f}" for value in values.values()], padding=4)
    axes.set_xlim(0, max(values.values(), default=1) * 1.18)
    axes.xaxis.set_major_formatter("{x:,.0f}")


def save(figure: Figure, path: Path) -> None:
    """Write a figure that is the same for the same values, whenever it is drawn."""
    figure.savefig(path, metadata={"Date": None})


def inline(figure: Figure, label: str) -> str:
    """Return a figure as part of a page whose style has :data:`COLOURS` as variables.

    As a page holds several, it has no ids: a gid becomes what is shown under the mouse.

    Args:
        label: what it shows, for those who can't see it.
    """
    drawn = StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        figure.savefig(drawn, format="svg", metadata=_NO_METADATA)
    svg = drawn.getvalue()
    for pattern, text in _FOR_A_PAGE:
        svg = pattern.sub(text, svg)
    svg = _COLOUR.sub(lambda found: _VARIABLES.get(found[0], found[0]), svg)
    return svg.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)


def _duration(ms: float) -> str:
    return f"{ms:g} ms" if ms < 1000 else f"{ms / 1000:g} s"
