"""Progress that a person sees on stderr while a command works; a log gets a line now and then."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import Progress, ProgressColumn, TextColumn

from app.terminal.output import complain

_Item = TypeVar("_Item")

#: How often a terminal's line is renewed, and how often a log, or a pipe, gets one.
_RENEW_SECONDS = 0.1
_LOG_SECONDS = 30.0
_MINUTE, _HOUR = 60, 3600


def progress(*columns: ProgressColumn) -> Progress:
    """Return a bar that goes when it is done, of rich's own columns if none are given."""
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def counted(
    items: Iterable[_Item],
    what: str,
    *,
    total: int | None = None,
    share: Callable[[], float | None] | None = None,
    size: Callable[[_Item], int] = lambda _: 1,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[_Item]:
    """Yield the items, and show how many of what there were so far, and how long it will take.

    On a terminal that is one line, which goes at the end; else one line each half minute.

    Args:
        total: how many there will be, if that is known.
        share: tells which part of the work is done, where the total is not known; None if it can't.
        size: how many of them an item is.
        clock: monotonic seconds.
    """
    began = clock()
    with progress(TextColumn("{task.description}")) as bar:
        shown = bar.add_task("", total=None)
        pause_seconds = _LOG_SECONDS if bar.disable else _RENEW_SECONDS
        due = began + pause_seconds
        count = 0
        for item in items:
            if (now := clock()) >= due:
                due = now + pause_seconds
                done = count / total if total else share and share()
                text = describe(count, what, total, done or None, now - began)
                if bar.disable:
                    complain(text)
                else:
                    bar.update(shown, description=text)
            yield item
            count += size(item)


def describe(count: int, what: str, total: int | None, share: float | None, seconds: float) -> str:
    """Return how far a piece of work is, e.g. ``5,000 of 20,000 links, 25 %, 3 min left``.

    Args:
        share: which part is done; None if that is not known.
        seconds: what it took.
    """
    text = f"{count:,} of {total:,} {what}" if total else f"{count:,} {what}"
    if not share:
        return text
    # More may have come meanwhile than there was at the beginning.
    share = min(share, 1.0)
    return f"{text}, {share:.0%}, {_rounded(seconds * (1 - share) / share)} left".replace("%", " %")


def _rounded(seconds: float) -> str:
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / _MINUTE:.0f} min" if seconds < 2 * _HOUR else f"{seconds / _HOUR:.1f} h"
