"""Finding that says whether the console's index of links holds all links and changes."""

import time
from collections.abc import Callable
from pathlib import Path

from app.changes.trail import Trail
from app.health.check import Check, ok, warn
from app.links.index.file import IndexUnusable, looking
from app.links.index.journal import count, facts, noted, order

_NAME = "links index"
#: Longer than the console stands back while many links are changed.
_LATE_SECONDS = 60.0


def index_check(path: Path, trail: Trail, now: Callable[[], float] = time.time) -> Check:
    """Look at the index of this machine, and change nothing of it.

    Args:
        path: its file.
        now: clock in Unix seconds.

    Raises:
        RedisUnavailable, RedisRefused: Redis doesn't tell of changes.
    """
    try:
        if not path.exists():
            return ok(_NAME, "none on this machine")
        with looking(path) as file:
            is_filled, links, lines = facts(file).get("filled"), count(file), noted(file)
    except (IndexUnusable, OSError) as error:
        return warn(_NAME, str(error), "ask as its user; it may be deleted, and is made anew")
    last = lines[-1].id if lines else "-"
    behind = [
        line for line in trail.lines_from(last, 2) if not lines or order(line.id) > order(last)
    ]
    waiting_seconds = now() - behind[0].made_ms / 1000 if behind else 0.0
    return judge_index(links, waiting_seconds, is_filled=bool(is_filled))


def judge_index(links: int, waiting_seconds: float, *, is_filled: bool) -> Check:
    """Judge how far an index is.

    Args:
        links: that it holds.
        waiting_seconds: for how long the oldest change waits that it lacks; 0 for none.
    """
    look = "see that the console runs, and look at its log"
    if not is_filled:
        return warn(_NAME, f"it is being filled, and holds {links:,} so far", look)
    if waiting_seconds > _LATE_SECONDS:
        return warn(_NAME, f"changes have waited for {waiting_seconds:,.0f} s", look)
    return ok(_NAME, f"{links:,} links, all changes in them")
