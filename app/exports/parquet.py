"""Exports as Parquet, written as it is read: pages of a block, groups of some blocks, a footer.

Only what flat rows without gaps need: required columns, plain values, pages compressed by gzip.
https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
"""

import struct as packed
import zlib
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from typing import Any

from app.exports.clicks import COLUMNS, Row
from app.exports.thrift import Wide, struct

_MAGIC = b"PAR1"
#: Numbers of parquet.thrift's enums.
_BOOLEAN, _INT64, _BYTE_ARRAY = 0, 2, 6
_UTF8, _TIMESTAMP_MILLIS = 0, 9
_REQUIRED, _PLAIN, _RLE, _GZIP, _DATA_PAGE = 0, 0, 3, 2, 0
#: With a header as gzip has it (zlib's manual, deflateInit2).
_GZIP_WINDOW = 31
_LEVEL = 1
_LENGTH = packed.Struct("<I")


@dataclass(slots=True)
class _Chunk:
    """A column of a group: its pages, and what the footer says of them."""

    values: int = 0
    raw_bytes: int = 0
    pages: list[bytes] = field(default_factory=list)

    def add(self, data: bytes, count: int) -> None:
        """Add a page."""
        deflate = zlib.compressobj(_LEVEL, wbits=_GZIP_WINDOW)
        page = deflate.compress(data) + deflate.flush()
        about = {1: count, 2: _PLAIN, 3: _RLE, 4: _RLE}
        head = struct({1: _DATA_PAGE, 2: len(data), 3: len(page), 5: about})
        self.pages += [head, page]
        self.values += count
        self.raw_bytes += len(head) + len(data)


@dataclass(frozen=True, slots=True)
class _Written:
    """What the footer says of a chunk in the file: where it begins, and its sizes."""

    offset: int
    values: int
    raw_bytes: int
    held_bytes: int


class Parquet:
    """Form of a file of columns; it holds no more than a group back."""

    def __init__(self) -> None:
        self._groups: list[list[_Written]] = []
        self._chunks = [_Chunk() for _ in COLUMNS]

    def begin(self) -> bytes:
        """Return what a file begins with."""
        return _MAGIC

    def block(self, rows: Sequence[Row]) -> bytes:
        """Take rows into the group; nothing is written yet."""
        for name, chunk, values in zip(COLUMNS, self._chunks, zip(*rows, strict=True), strict=True):
            chunk.add(_plain(_type(name), values), len(rows))
        return b""

    def flush(self, position: int) -> bytes:
        """Return the group, to be written at a position of the file."""
        if not self._chunks[0].values:
            return b""
        group, parts = [], []
        for chunk in self._chunks:
            data = b"".join(chunk.pages)
            group.append(_Written(position, chunk.values, chunk.raw_bytes, len(data)))
            parts.append(data)
            position += len(data)
        self._groups.append(group)
        self._chunks = [_Chunk() for _ in COLUMNS]
        return b"".join(parts)

    def end(self, position: int) -> bytes:
        """Return the rest of the file, to be written at a position."""
        rest = self.flush(position)
        footer = struct(
            {
                1: 1,
                2: [{4: b"click", 5: len(COLUMNS)}, *map(_schema, COLUMNS)],
                3: Wide(sum(group[0].values for group in self._groups)),
                4: [_group(group) for group in self._groups],
                6: b"hopline",
            }
        )
        return rest + footer + _LENGTH.pack(len(footer)) + _MAGIC

    def state(self) -> list[Any]:
        """Return the groups that were written, as JSON can hold them."""
        return [[list(astuple(chunk)) for chunk in group] for group in self._groups]

    def go_on(self, state: list[Any]) -> None:
        """Go on behind groups that were written earlier."""
        self._groups = [[_Written(*chunk) for chunk in group] for group in state]


def _type(name: str) -> int:
    return {"time": _INT64, "is_bot": _BOOLEAN}.get(name, _BYTE_ARRAY)


def _plain(kind: int, values: Sequence[Any]) -> bytes:
    """Return values one after the other.

    https://parquet.apache.org/docs/file-format/data-pages/encodings/
    """
    if kind == _INT64:
        return packed.pack(f"<{len(values)}q", *values)
    if kind == _BOOLEAN:
        bits = "".join("1" if value else "0" for value in reversed(values))
        return int(bits, 2).to_bytes((len(values) + 7) // 8, "little")
    texts = [value.encode() for value in values]
    return b"".join(part for text in texts for part in (_LENGTH.pack(len(text)), text))


def _schema(name: str) -> dict[int, object]:
    element: dict[int, object] = {1: _type(name), 3: _REQUIRED, 4: name.encode()}
    if element[1] == _BYTE_ARRAY:
        element[6] = _UTF8
    elif element[1] == _INT64:
        element[6] = _TIMESTAMP_MILLIS
    return element


def _group(chunks: Sequence[_Written]) -> dict[int, object]:
    columns = [
        {2: Wide(chunk.offset), 3: _column(name, chunk)}
        for name, chunk in zip(COLUMNS, chunks, strict=True)
    ]
    return {
        1: columns,
        2: Wide(sum(chunk.raw_bytes for chunk in chunks)),
        3: Wide(chunks[0].values),
    }


def _column(name: str, chunk: _Written) -> dict[int, object]:
    return {
        1: _type(name),
        2: [_PLAIN],
        3: [name.encode()],
        4: _GZIP,
        5: Wide(chunk.values),
        6: Wide(chunk.raw_bytes),
        7: Wide(chunk.held_bytes),
        9: Wide(chunk.offset),
    }
