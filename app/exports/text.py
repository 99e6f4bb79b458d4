"""Exports as text: CSV that runs nothing in a spreadsheet, and NDJSON, one object a line."""

import csv
import io
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from app.exports.clicks import COLUMNS, Row
from app.terminal.formulas import FORMULA
from app.times import rfc3339

_NAMES = list(COLUMNS)
_TIME, _IS_BOT = _NAMES.index("time"), _NAMES.index("is_bot")


class Text:
    """Form in which each row is a line or some, and nothing follows the last.

    Args:
        head: what an export begins with.
        lines: makes lines of rows.
    """

    def __init__(self, head: bytes, lines: Callable[[Sequence[Row]], bytes]) -> None:
        self._head = head
        self._lines = lines

    def begin(self) -> bytes:
        """Return what an export begins with."""
        return self._head

    def block(self, rows: Sequence[Row]) -> bytes:
        """Return rows in this form."""
        return self._lines(rows)

    def flush(self, _position: int, /) -> bytes:
        """Return what was held back: nothing."""
        return b""

    def end(self, _position: int, /) -> bytes:
        """Return what an export ends with: nothing."""
        return b""

    def state(self) -> list[Any]:
        """Return what has to be remembered of what was written: nothing."""
        return []

    def go_on(self, _state: list[Any], /) -> None:
        """Go on behind what was written earlier, whatever it was."""


def csv_form() -> Text:
    """Return comma-separated values (RFC 4180), with names, and an apostrophe before formulas."""
    return Text(_csv_lines([_NAMES]), lambda rows: _csv_lines([_cells(row) for row in rows]))


def ndjson_form() -> Text:
    """Return one JSON object a line; times are RFC 3339."""
    return Text(b"", lambda rows: b"".join(map(_json_line, rows)))


def _csv_lines(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _cells(row: Row) -> list[str]:
    cells = [f"'{cell}" if isinstance(cell, str) and FORMULA.match(cell) else cell for cell in row]
    cells[_TIME] = rfc3339(row[_TIME])
    cells[_IS_BOT] = "true" if row[_IS_BOT] else "false"
    return cells


def _json_line(row: Row) -> bytes:
    plain = {**dict(zip(_NAMES, row, strict=True)), "time": rfc3339(row[_TIME])}
    return orjson.dumps(plain, option=orjson.OPT_APPEND_NEWLINE)
