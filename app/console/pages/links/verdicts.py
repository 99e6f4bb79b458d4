"""Verdicts on the lines of a file of links, counted as they come, and the refused lines to keep."""

import base64
import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from app.links.files.encoding import numbered, open_text
from app.links.importer import Outcome, Row
from app.links.json import NewLink
from app.stores.redis.errors import RedisError
from app.terminal.formulas import neutralised

#: Verdicts of each kind that a page shows.
SHOWN = 200
#: Lines after which it is told how far an import is.
TOLD_AFTER = 500
#: Refused lines that a page has to download, and their text.
_KEPT = 10_000
_KEPT_CHARACTERS = 1 << 20


@dataclass(slots=True)
class Verdicts:
    """What became, or would become, of a file's lines.

    Attributes:
        counts: of lines, by verdict.
        shown: the first of each verdict.
        refused: the first lines that can't be used.
        read_as: columns that were taken for which of ours.
        left_out: columns that were taken for none.
        codeless: lines whose codes are made up.
        cut_short: why lines after those that are counted were not dealt with; '' if all were.
    """

    is_rehearsed: bool
    counts: Counter[str] = field(default_factory=Counter)
    shown: list[Outcome] = field(default_factory=list)
    refused: list[Outcome] = field(default_factory=list)
    read_as: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    codeless: set[int] = field(default_factory=set)
    cut_short: str = ""

    def watch(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield rows, and remember which name no code."""
        for row in rows:
            if isinstance(row.link, NewLink) and row.link.code is None:
                self.codeless.add(row.line)
            yield row

    def counted(self, outcomes: Iterable[Outcome]) -> Iterator[int]:
        """Take all in, and yield now and then how many there are.

        When Redis goes away in the middle, those before have happened.
        """
        try:
            for number, outcome in enumerate(outcomes, 1):
                self._take(outcome)
                if number % TOLD_AFTER == 0:
                    yield number
        except RedisError as error:
            self.cut_short = str(error)

    def _take(self, outcome: Outcome) -> None:
        self.counts[outcome.kind] += 1
        if self.counts[outcome.kind] <= SHOWN:
            self.shown.append(outcome)
        if outcome.kind == "refused" and len(self.refused) < _KEPT:
            self.refused.append(outcome)


class RefusedLines(NamedTuple):
    """Lines that can't be used, as a file that a page carries.

    Attributes:
        url: ``data:`` URL (RFC 2397) of the file.
        are_all: whether there are no others.
    """

    url: str
    lines: int
    are_all: bool


def refused_lines(verdicts: Verdicts, file: bytes) -> RefusedLines | None:
    """Return the refused lines of a file with why, as CSV (RFC 4180); None without any.

    No cell of it is a formula to a spreadsheet.
    """
    if not verdicts.refused:
        return None
    written, count, room = io.StringIO(), 0, _KEPT_CHARACTERS
    lines = csv.writer(written)
    lines.writerow(("line", "code", "why", "text"))
    texts = _texts(file, {each.line for each in verdicts.refused})
    for each in verdicts.refused:
        text = texts.get(each.line, "")
        room -= len(each.reason) + len(text)
        if room < 0 and count:
            break
        lines.writerow((each.line, *map(neutralised, (each.code, each.reason, text))))
        count += 1
    carried = base64.b64encode(written.getvalue().encode("utf-8", "replace")).decode()
    url = f"data:text/csv;charset=utf-8;base64,{carried}"
    return RefusedLines(url, count, count == verdicts.counts["refused"])


def _texts(file: bytes, wanted: set[int]) -> dict[int, str]:
    """Return the text of some lines, as far as the file can be read.

    Of a JSON array there is none: its elements are no lines.
    """
    found: dict[int, str] = {}
    with open_text(io.BytesIO(file), "") as text:
        try:
            for place, (number, line) in enumerate(numbered(text)):
                if not place and line.lstrip().startswith("["):
                    return found
                if number in wanted:
                    found[number] = line.rstrip("\r\n")[:_KEPT_CHARACTERS]
        except UnicodeError:
            return found
    return found
