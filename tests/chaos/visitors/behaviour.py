"""Behaviour of visitors, as the run tells it to their process through a file."""

import json
from pathlib import Path
from typing import NamedTuple


class Behaviour(NamedTuple):
    """What visitors do.

    Attributes:
        crowd: times as many as usual come.
        hostile: share of those who send the largest or oddest heads.
    """

    crowd: float = 1.0
    hostile: float = 0.02


def read_behaviour(path: Path) -> Behaviour:
    """Return what the file says, which may not be there yet."""
    try:
        return Behaviour(**json.loads(path.read_text()))
    except FileNotFoundError:
        return Behaviour()


def write_behaviour(path: Path, behaviour: Behaviour) -> None:
    """Tell the visitors; the file is replaced whole, as they may be reading it."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(behaviour._asdict()))
    fresh.replace(path)
