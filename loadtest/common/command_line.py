"""Command line that the benchmarks have in common: options, progress, and what a run leaves."""

import json
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

Say = Callable[[str], None]
#: Of tables that go to a file.
_COLUMNS = 140


def add_count(parser: ArgumentParser, name: str, default: int, text: str) -> None:
    """Add an option whose value is a whole number from 1 on."""
    parser.add_argument(name, type=_count, default=default, help=f"{text} (default: {default})")


def add_output(parser: ArgumentParser, contents: str) -> None:
    """Add the option that names the folder of what a run leaves behind."""
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("build"),
        help=f"folder for {contents} (default: build)",
    )


def speaker() -> Say:
    """Return what writes a line to stderr, with the seconds since this call."""
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - started:5.0f} s  {text}", file=sys.stderr, flush=True)

    return say


def terminal() -> Console:
    """Return where tables are printed."""
    return Console(width=None if sys.stdout.isatty() else _COLUMNS)


def new_table(title: str, *columns: str) -> Table:
    """Return a table of figures, the first column of which says what they are of."""
    table = Table(title=title, title_justify="left", title_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", no_wrap=True)
    return table


def write(output: Path, name: str, figures: Any, draw: Callable[[Path], None]) -> None:
    """Write a run's figures as JSON and as a picture, and say where they are."""
    output.mkdir(parents=True, exist_ok=True)
    raw, picture = output / f"{name}.json", output / f"{name}.svg"
    raw.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
    draw(picture)
    print(f"raw figures: {raw}, picture: {picture}")


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise ArgumentTypeError(f"{text!r} is less than 1")
    return count
