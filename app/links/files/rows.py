"""Rows of links, read from files as people, spreadsheets and programs write them."""

from collections.abc import Callable, Iterator, Mapping
from io import BufferedReader, BytesIO
from types import MappingProxyType

from app.links.files.columns import CODES, SHORT_URL, Columns, code_in, parted
from app.links.files.table import TableRow, read_table
from app.links.importer import Row
from app.links.json import NewLink, from_plain
from app.links.validation import InvalidLink


def read_rows(
    file: BufferedReader | BytesIO,
    *,
    columns: Mapping[str, str] = MappingProxyType({}),
    on_unknown: Callable[[str], None] = lambda _: None,
    on_alias: Callable[[str, str], None] = lambda *_: None,
    encoding: str = "",
    longest_array: int | None = None,
) -> Iterator[Row]:
    """Yield the links of a file: a JSON array, JSON lines, or CSV.

    Args:
        columns, on_unknown, on_alias: see :class:`app.links.files.columns.Columns`.
        file, encoding, longest_array: see :func:`app.links.files.table.read_table`.

    Raises:
        UnreadableFile: it is no such file, or its first line doesn't name the columns.
    """
    names = Columns(columns, on_unknown, on_alias)
    table = read_table(file, names, encoding=encoding, longest_array=longest_array)
    return (Row(row.line, _from_row(row)) for row in table)


def read_codes(file: BufferedReader | BytesIO) -> Iterator[tuple[int, str | InvalidLink]]:
    """Yield the codes of a file, each with its line; what else stands there is read over.

    Raises:
        UnreadableFile: as :func:`read_rows` does.
    """
    for row in read_table(file, Columns({}, lambda _: None, lambda *_: None, CODES)):
        if isinstance(row.values, InvalidLink):
            yield row.line, row.values
            continue
        code = row.values.get("code")
        text = code.strip() if isinstance(code, str) else ""
        yield row.line, text or InvalidLink("code", f"{code!r} is none")


def _from_row(row: TableRow) -> NewLink | InvalidLink:
    plain = row.values
    if isinstance(plain, InvalidLink):
        return plain
    if not plain.get("code"):
        plain["code"] = code_in(plain.get(SHORT_URL))
    if row.is_foreign and "tags" in plain:
        plain["tags"] = parted(plain["tags"])
    try:
        return from_plain(plain)
    except InvalidLink as error:
        return error
