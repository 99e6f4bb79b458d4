"""Picture that shows a failover: clicks answered, recorded and counted, and how long all took."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from loadtest.common.plot import LIGHT, scale_latencies
from tests.ha.accounts.outcome import Outcome
from tests.ha.accounts.recording import firsts
from tests.ha.accounts.targets import SLOWEST_IN_BLOW_MS, SLOWEST_MS

_STEP_MS = 100
#: Workers insert about once a second.
_BATCH_MS = 1_000
_LEAST_MS = 0.1
#: On the axis of rates; what is sent again comes many times as fast.
_RATES = (0, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000)


def draw(outcome: Outcome, title: str, path: Path) -> None:
    """Write one picture; its time begins at the first blow."""
    zero_ms = outcome.struck[0].at_ms
    heights = (3, 3, 1.2) if outcome.switches else (3, 3)
    figure = Figure(figsize=(13, 8), layout="constrained")
    plots = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
    for draw_one, axes in zip((_draw_rates, _draw_waits, _draw_links), plots, strict=False):
        draw_one(axes, outcome, zero_ms)
        axes.grid(visible=True)
        _draw_moments(axes, outcome, zero_ms)
    plots[0].legend(loc="upper center", bbox_to_anchor=(0.5, -0.02), ncols=6, fontsize="small")
    plots[-1].set_xlabel("seconds after the first blow")
    figure.suptitle(title)
    figure.savefig(path, metadata={"Software": None}, dpi=90)


def _draw_rates(axes: Axes, outcome: Outcome, zero_ms: int) -> None:
    answered = (click.answered_ms for click in outcome.clicks if click.is_answered)
    recorded = (entry.at_ms for entry in firsts(outcome.entries))
    again = {(entry.at_ms, entry.number) for entry in firsts(outcome.entries)}
    repeated = (
        entry.at_ms for entry in outcome.entries if (entry.at_ms, entry.number) not in again
    )
    counted = outcome.stored.at_ms.values()
    for name, moments, colour, step_ms in (
        ("counted, over 1 s", counted, "c2", _BATCH_MS),
        ("answered", answered, "c0", _STEP_MS),
        ("recorded for the first time", recorded, "good", _STEP_MS),
        ("recorded again", repeated, "c1", _STEP_MS),
    ):
        seconds, rates = _per_second(moments, zero_ms, step_ms)
        axes.plot(
            seconds, rates, color=LIGHT[colour], label=name, drawstyle="steps-post", linewidth=1
        )
    axes.set_yscale("symlog", linthresh=_RATES[3])
    axes.set_yticks(_RATES)
    axes.minorticks_off()
    axes.set_ylim(0, max(line.get_ydata().max(initial=0) for line in axes.lines) * 1.1)
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.set_title("Clicks a second, over 0.1 s", loc="left", fontsize="medium")


def _draw_waits(axes: Axes, outcome: Outcome, zero_ms: int) -> None:
    each = [
        ((click.sent_ms - click.late_ms - zero_ms) / 1000, click.waited_ms + click.late_ms)
        for click in outcome.clicks
    ]
    axes.scatter(
        [seconds for seconds, _ in each],
        [max(ms, _LEAST_MS) for _, ms in each],
        s=2,
        color=LIGHT["c0"],
        linewidths=0,
    )
    for limit_ms in (SLOWEST_MS, SLOWEST_IN_BLOW_MS):
        axes.axhline(limit_ms, color=LIGHT["bad"], linewidth=0.8)
    scale_latencies(axes)
    axes.set_title("How long each visitor waited", loc="left", fontsize="medium")


def _draw_links(axes: Axes, outcome: Outcome, zero_ms: int) -> None:
    for switch in outcome.switches:
        confirmed = (switch.confirmed_ms - zero_ms) / 1000
        for place, heard_ms in enumerate(switch.heard_ms):
            colour = LIGHT["good"] if switch.code in outcome.held else LIGHT["c7"]
            if heard_ms is None:
                axes.plot(confirmed, place, marker="x", color=LIGHT["bad"])
                continue
            heard = (heard_ms - zero_ms) / 1000
            axes.plot([confirmed, heard], [place, place], color=colour, linewidth=5)
            axes.plot(confirmed, place, marker="|", color=colour, markersize=12)
    axes.set_yticks(range(len(outcome.switches[0].heard_ms) if outcome.switches else 0))
    axes.yaxis.set_major_formatter(lambda place, _: f"host {place + 1:.0f}")
    axes.margins(y=0.5)
    axes.set_title("Links disabled, until each host heard it", loc="left", fontsize="medium")


def _draw_moments(axes: Axes, outcome: Outcome, zero_ms: int) -> None:
    moments: list[tuple[str, int, str]] = [
        (one.text, one.at_ms, "bad" if one.is_blow else "doubt") for one in outcome.struck
    ]
    for one in outcome.promotions:
        moments.append(("promoted", one.at_ms, "ink"))
        if one.takes_writes_ms is not None:
            moments.append(("takes writes", one.takes_writes_ms, "c5"))
    labelled: set[str] = set()
    for name, at_ms, colour in moments:
        seconds = (at_ms - zero_ms) / 1000
        label = None if name in labelled else name
        axes.axvline(seconds, color=LIGHT[colour], linewidth=1.2, linestyle="dashed", label=label)
        labelled.add(name)


def _per_second(
    moments: Iterable[int], zero_ms: int, step_ms: int
) -> tuple[list[float], list[float]]:
    """Return seconds, and how many moments a second there were in the step that begins there."""
    counts: Mapping[int, int] = Counter((at_ms - zero_ms) // step_ms for at_ms in moments)
    if not counts:
        return [], []
    steps = range(min(counts), max(counts) + 1)
    return (
        [step * step_ms / 1000 for step in steps],
        [counts.get(step, 0) * 1000 / step_ms for step in steps],
    )
