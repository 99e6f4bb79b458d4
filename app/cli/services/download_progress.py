"""Progress that shows downloads to a person: a bar on a terminal, one line in a pipe."""

from collections.abc import Callable
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from app.local.downloads import Download, fetch, is_fetched


def fetch_shown(
    download: Download, cache_dir: Path, terminal: Console, is_stopped: Callable[[], bool]
) -> Path:
    """Return the path of a download, which is fetched if it is not in the cache yet.

    Args:
        is_stopped: tells whether a person asked to stop; looked at while something is fetched.

    Raises:
        DownloadFailed: it can't be had.
        Abort: a person asked to stop.
    """
    if is_fetched(download, cache_dir):
        return download.path(cache_dir)
    title = f"fetching {download.title}: {download.packed_bytes / 1e6:.0f} MB, once"
    if not terminal.is_terminal:
        terminal.print(title, markup=False, soft_wrap=True)
    columns = (TextColumn(title), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=terminal, disable=not terminal.is_terminal) as progress:
        bar = progress.add_task(title, total=1.0)

        def on_progress(share: float) -> None:
            if is_stopped():
                raise typer.Abort
            progress.update(bar, completed=share)

        return fetch(download, cache_dir, on_progress)
