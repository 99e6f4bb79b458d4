"""Tables of named values, read from CSV and JSON as people, spreadsheets and programs write them.

Rule 1: in CSV and in JSON lines a line is a row: no value holds a line break, so a quote that isn't
        closed on its line is a mistake there, and the lines after it are read all the same.
Rule 2: each row that is not blank is yielded once, as values by our names or as what is wrong with
        it.
Rule 3: columns that nobody asks for are told of once, and read over.
"""

import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from io import BufferedReader, BytesIO, TextIOWrapper
from typing import Any, NamedTuple

from app.links.files.columns import Columns, Named
from app.links.files.encoding import UnreadableFile, complaint, numbered, open_text
from app.links.files.json_array import NoJson, Object, read_elements, read_value
from app.links.validation import InvalidLink

_DELIMITERS = ",;\t|"
_SEPARATOR_LINE = re.compile(r"sep=(.)\s*", re.IGNORECASE)
#: A cell that a spreadsheet would take for a formula, kept from it by an apostrophe.
_NEUTRALISED = re.compile(r"\A'(?='*[=+\-@\uff1d\uff0b\uff0d\uff20])")
_OPEN = re.compile(r'\s*"[^"]*+(?:""[^"]*+)*+')

Line = tuple[int, str]


class TableRow(NamedTuple):
    """One row of a file.

    Attributes:
        line: where it stands, from 1.
        values: by our names, those of columns that nobody asks for left out; or why there are none.
        is_foreign: whether another program than ours named them.
    """

    line: int
    values: dict[str, Any] | InvalidLink
    is_foreign: bool = False


def read_table(
    file: BufferedReader | BytesIO,
    columns: Columns,
    *,
    encoding: str = "",
    longest_array: int | None = None,
) -> Iterator[TableRow]:
    """Yield the rows of a file: a JSON array, JSON lines, or CSV.

    Args:
        file: opened for reading, and at its end closed.
        encoding: see :func:`app.links.files.encoding.open_text`.
        longest_array: most characters of a JSON array, which is in memory as a whole.

    Raises:
        UnreadableFile: it is no such file, or its first line doesn't name the columns.
    """
    line = 0
    with open_text(file, encoding) as text:
        try:
            for row in _rows(text, columns, longest_array):
                line = row.line
                yield row
        except (UnicodeError, OSError) as error:
            cause = error.strerror if isinstance(error, OSError) else error
            fault = f"can't be read as {text.encoding}: {cause}"
            if not line:
                raise UnreadableFile(f"it {fault}") from None
            yield TableRow(line + 1, InvalidLink("line", f"from here on it {fault}"))


def _rows(text: TextIOWrapper, names: Columns, longest_array: int | None) -> Iterator[TableRow]:
    lines = numbered(text)
    first = next(lines, None)
    if first is None:
        return
    start = first[1].lstrip()[:1]
    if start == "[":
        whole = "\n" * (first[0] - 1) + first[1] + text.read(longest_array)
        if longest_array is not None and len(whole) > longest_array:
            raise UnreadableFile(
                f"it is a JSON array of more than {longest_array:,} characters: write one object a"
                " line instead (JSON lines)"
            )
        for number, element in read_elements(whole):
            yield _from_json(number, element, names)
    elif start == "{":
        each = itertools.chain([first], lines)
        yield from (_parse(number, line, names) for number, line in each)
    else:
        yield from _read_csv(first, lines, names)


def _parse(number: int, line: str, names: Columns) -> TableRow:
    if fault := complaint(line):
        return TableRow(number, InvalidLink("line", fault))
    try:
        return _from_json(number, read_value(line), names)
    except NoJson as error:
        return TableRow(number, InvalidLink("line", str(error)))


def _from_json(number: int, element: object, names: Columns) -> TableRow:
    try:
        return _named(number, _pairs(element, names), names)
    except InvalidLink as error:
        return TableRow(number, error)


def _pairs(element: object, names: Columns) -> list[tuple[str, Any]]:
    """Return names and values of an object, of those within it only where they are asked for."""
    if isinstance(element, NoJson):
        raise InvalidLink("line", str(element))
    try:
        fault = complaint(json.dumps(element, ensure_ascii=False))
    except RecursionError:
        fault = "it is no JSON: there are too many brackets within each other"
    if fault:
        raise InvalidLink("line", fault)
    if not isinstance(element, Object):
        raise InvalidLink("line", "it is no JSON object")
    return list(_unfolded(element)) if names.asks_within else element.pairs


def _unfolded(element: Object, within: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in element.pairs:
        if isinstance(value, Object):
            yield from _unfolded(value, f"{within}{name}.")
        else:
            yield f"{within}{name}", value


def _named(number: int, pairs: Sequence[tuple[str, Any]], names: Columns) -> TableRow:
    ours = names.of([name for name, _ in pairs])
    named = [(name, value) for name, (_, value) in zip(ours.names, pairs, strict=True)]
    if twice := _twice([name for name, _ in named]):
        raise InvalidLink("line", f"it names {twice!r} twice")
    if nested := next((name for name, value in named if name and _is_nested(value)), ""):
        raise InvalidLink(nested, "expected text, a number, true or false, or a list of texts")
    return TableRow(number, _without_unknown(dict(named)), ours.are_foreign)


def _without_unknown(named: Mapping[str | None, Any]) -> dict[str, Any]:
    return {name: value for name, value in named.items() if name is not None}


def _is_nested(value: object) -> bool:
    inner = value if isinstance(value, list) else [value]
    return any(isinstance(each, list | dict) for each in inner)


def _twice(names: Sequence[str | None]) -> str:
    """Return a name that stands there more than once, '' if there is none."""
    known = [name for name in names if name is not None]
    return next((name for name in known if known.count(name) > 1), "")


def _read_csv(first: Line, lines: Iterator[Line], names: Columns) -> Iterator[TableRow]:
    separator = _SEPARATOR_LINE.fullmatch(first[1])
    header = next(lines, (0, "")) if separator else first
    delimiters = separator[1] if separator else _DELIMITERS
    delimiter, columns = _columns(header[1], delimiters, names)
    for number, line in lines:
        cells = _cells(line, delimiter)
        if isinstance(cells, InvalidLink):
            yield TableRow(number, cells)
        elif any(cells):
            yield _from_cells(number, columns, cells)


def _columns(line: str, delimiters: str, names: Columns) -> tuple[str, Named]:
    """Return what stands between the cells, and the names of the columns."""
    for delimiter in delimiters:
        cells = _cells(line, delimiter)
        if isinstance(cells, list) and names.name_all(cells):
            if missing := names.missing(cells):
                raise UnreadableFile(f"its first line doesn't name {missing[0]!r}")
            columns = names.of(cells)
            if twice := _twice(columns.names):
                raise UnreadableFile(f"its first line names {twice!r} twice")
            return delimiter, columns
    raise UnreadableFile(f"the first line must name the columns: {names.expected}")


def _cells(line: str, delimiter: str) -> list[str] | InvalidLink:
    if fault := complaint(line):
        return InvalidLink("line", fault)
    read, line = _cell(delimiter), line.strip(" \n")
    cells: list[str] = []
    place = 0
    while found := read.match(line, place):
        quoted, plain, end = found.groups()
        cell = plain if quoted is None else quoted.replace('""', '"')
        cells.append(_NEUTRALISED.sub("", cell.strip(), count=1))
        place = found.end()
        if not end:
            return cells
    is_open = _OPEN.fullmatch(line, place)
    return InvalidLink(
        "line", "a quote is not closed on it" if is_open else "more stands behind a closing quote"
    )


@lru_cache
def _cell(delimiter: str) -> re.Pattern[str]:
    """Return what a cell and its end look like (RFC 4180), with blanks around its quotes."""
    other = re.escape(delimiter)
    blank = rf"[^\S{other}]*+"
    return re.compile(
        rf'{blank}(?:"([^"]*+(?:""[^"]*+)*+)"{blank}|((?!")[^{other}]*+))({other}|\Z)'
    )


def _from_cells(number: int, columns: Named, cells: list[str]) -> TableRow:
    if any(cells[len(columns.names) :]):
        fault = "it has more cells than the first line names columns"
        return TableRow(number, InvalidLink("line", fault))
    named = _without_unknown(dict(zip(columns.names, cells, strict=False)))
    return TableRow(number, named, columns.are_foreign)
