"""Progress that a person sees on stderr while a command works, and a pipe does not."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import Progress, ProgressColumn, TextColumn

_Item = TypeVar("_Item")


def progress(*columns: ProgressColumn) -> Progress:
    """Return a bar that goes when it is done, of rich's own columns if none are given."""
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def counted(items: Iterable[_Item], what: str) -> Iterator[_Item]:
    """Yield the items, and show how many of what there were so far."""
    with progress(TextColumn("{task.completed:,.0f} " + what)) as bar:
        yield from bar.track(items)
