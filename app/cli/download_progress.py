"""Progress that shows downloads to a person: a bar on a terminal, one line in a pipe."""

from collections.abc import Callable
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from app.local.downloads import Download, OnProgress, fetch, is_fetched


class Fetcher:
    """Fetches what is not in the cache yet.

    Args:
        is_stopped: tells whether a person asked to stop; looked at while something is fetched.
    """

    def __init__(self, cache_dir: Path, terminal: Console, is_stopped: Callable[[], bool]) -> None:
        self._cache_dir = cache_dir
        self._terminal = terminal
        self._is_stopped = is_stopped

    def fetch(self, download: Download) -> Path:
        """Return the path of a download.

        Raises:
            DownloadFailed: it can't be had.
            Abort: a person asked to stop.
        """
        if is_fetched(download, self._cache_dir):
            return download.path(self._cache_dir)
        title = f"fetching {download.title}: {download.packed_bytes / 1e6:.0f} MB, once"
        if self._terminal.is_terminal:
            return self._fetch_with_bar(download, title)
        self._terminal.print(title, markup=False, soft_wrap=True)
        return fetch(download, self._cache_dir, self._stoppable(lambda _: None))

    def _fetch_with_bar(self, download: Download, title: str) -> Path:
        columns = (TextColumn(title), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._terminal) as progress:
            bar = progress.add_task(title, total=1.0)
            return fetch(
                download,
                self._cache_dir,
                self._stoppable(lambda share: progress.update(bar, completed=share)),
            )

    def _stoppable(self, show: OnProgress) -> OnProgress:
        def on_progress(share: float) -> None:
            if self._is_stopped():
                raise typer.Abort
            show(share)

        return on_progress
