"""Baseline that a run is compared with, if the two can be compared at all."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loadtest.report.figures import FORMAT

Figures = Mapping[str, Any]

#: What the load was: with another one, other latencies mean nothing.
_LOAD = (
    "rate",
    "load_shape",
    "arrivals",
    "connections",
    "hot_links",
    "tail_links",
    "warm_up",
    "scenarios",
)
#: What it ran on and against: a difference is worth a word, and may be what is looked for.
_PLACE = ("processor", "cores")


class BaselineFailed(Exception):
    """The file holds no run to compare with; the text says why."""


def read(path: str) -> Figures:
    """Read the figures of an earlier run.

    Raises:
        BaselineFailed: there are none, or they prove nothing.
    """
    try:
        figures = json.loads(Path(path).read_text())
    except OSError as error:
        raise BaselineFailed(f"--baseline {path}: {error.strerror}") from None
    except ValueError:
        raise BaselineFailed(f"--baseline {path} is no JSON: name the figures of a run") from None
    if not isinstance(figures, dict) or "routes" not in figures or "verdict" not in figures:
        raise BaselineFailed(f"--baseline {path} holds no figures of a run")
    if figures.get("format") != FORMAT:
        raise BaselineFailed(f"--baseline {path} was written by another version: run it again")
    if figures["verdict"] == "void":
        reason = next(iter(figures["doubts"]), "it proves nothing")
        raise BaselineFailed(f"--baseline {path} is of a void run: {reason}")
    return figures


def differences(now: Figures, earlier: Figures) -> list[str]:
    """Return how the load of two runs differed; if at all, their latencies can't be compared."""
    seconds = {"seconds": (earlier["seconds"], now["seconds"])}
    options = {
        name: (earlier["options"][name], now["options"][name])
        for name in _LOAD
        if name in earlier["options"] and name in now["options"]
    }
    return _told({**seconds, **options})


def remarks(now: Figures, earlier: Figures) -> list[str]:
    """Return what else was different, which may explain a change or be its reason."""
    places = {
        name: (earlier["environment"].get(name), now["environment"].get(name)) for name in _PLACE
    }
    told = _told({**places, "host": (earlier["host"], now["host"])})
    return [*told, *(["its budget was broken"] if earlier["verdict"] == "broken" else [])]


def _told(values: Mapping[str, tuple[Any, Any]]) -> list[str]:
    return [
        f"{name.replace('_', ' ')} {_text(earlier)}, now {_text(now)}"
        for name, (earlier, now) in values.items()
        if earlier != now
    ]


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,g}"
    return ", ".join(value) if isinstance(value, list) else str(value)
