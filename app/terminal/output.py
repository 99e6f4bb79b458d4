"""Output that suits its reader: tables for people, tabbed lines for pipes, JSON for programs."""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

import orjson
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

#: Columns of characters between two columns of a table, and at least for the last of them.
_GAP = 2
_LEAST_LAST = 20
#: Characters of a line of complaint.
_MOST_TOLD = 2_000


class Failure(Exception):
    """A command can't do what it was asked; the text is the one line that says why.

    Attributes:
        exit_code: 1 for failed or not found, 2 for wrong usage.
    """

    def __init__(self, text: str, *, exit_code: int = 1) -> None:
        super().__init__(text)
        self.exit_code = exit_code


def complain(text: str) -> None:
    """Write about a failure to stderr, each line with the command's name, long ones shortened.

    Where stderr takes nothing, a full disk for one, the work goes on.
    """
    try:
        for line in text.splitlines():
            print(f"hopline: {shortened(line)}", file=sys.stderr)
    except OSError:
        let_go(sys.stderr)


def let_go(stream: TextIO) -> None:
    """Have nothing more come of a stream that takes nothing: Python would complain at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def shortened(text: str) -> str:
    """Return a text without the middle of one that would fill a terminal, as with a whole file."""
    if len(text) <= _MOST_TOLD:
        return text
    half = _MOST_TOLD // 2
    return f"{text[:half]} … {len(text) - 2 * half:,} characters … {text[-half:]}"


def one_line(text: str) -> str:
    """Return a visitor's text without what would break a line or move the cursor."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def print_json(value: object) -> None:
    """Write a value as indented JSON."""
    print(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write rows: as a table whose last column wraps, or tab-separated into a pipe."""
    lines = (columns, *rows)
    if not sys.stdout.isatty():
        for row in lines:
            print("\t".join(row))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns[:-1]:
        table.add_column(column, no_wrap=True)
    table.add_column(columns[-1], overflow="fold")
    for row in lines[1:]:
        table.add_row(*map(Text, row))
    terminal_of(_least_width(lines)).print(table)


def terminal_of(columns: int) -> Console:
    """Return the terminal as if it had so many columns of characters at least.

    On a narrower one lines go on below, where rich would leave the last columns of a table out.
    """
    terminal = Console()
    width = max(terminal.width, columns)
    return Console(width=width, height=terminal.height, highlight=False)


def _least_width(lines: Sequence[Sequence[str]]) -> int:
    """Return the columns of characters in which a table can be read."""
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    return sum(widths[:-1]) + _GAP * (len(widths) - 1) + min(widths[-1], _LEAST_LAST)
