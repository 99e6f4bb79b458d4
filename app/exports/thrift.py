"""Values in Thrift's compact protocol, as far as the metadata of Parquet needs it.

https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from collections.abc import Mapping, Sequence

_INT32, _INT64, _BINARY, _LIST, _STRUCT = 5, 6, 8, 9, 12
#: Longest list whose length fits into the byte of its type.
_SHORT = 14
_LAST_DELTA = 15


class Wide(int):
    """An integer of 64 bits."""


def struct(fields: Mapping[int, object]) -> bytes:
    """Return a struct, its fields in the order of their numbers."""
    parts, before = [], 0
    for number, value in sorted(fields.items()):
        if number - before > _LAST_DELTA:
            raise ValueError(f"field {number} is too far behind {before}")
        parts.append(bytes([(number - before) << 4 | _type(value)]) + _encoded(value))
        before = number
    return b"".join(parts) + b"\0"


def _type(value: object) -> int:
    if isinstance(value, int):
        return _INT64 if isinstance(value, Wide) else _INT32
    if isinstance(value, bytes):
        return _BINARY
    return _STRUCT if isinstance(value, Mapping) else _LIST


def _encoded(value: object) -> bytes:
    match value:
        case int():
            return _varint(value << 1 if value >= 0 else (-value << 1) - 1)
        case bytes():
            return _varint(len(value)) + value
        case Mapping():
            return struct(value)
        case Sequence():
            return _list(value)
    raise TypeError(f"{value!r} has no form in Thrift")


def _list(values: Sequence[object]) -> bytes:
    kind = _type(values[0]) if values else _STRUCT
    if len(values) <= _SHORT:
        head = bytes([len(values) << 4 | kind])
    else:
        head = bytes([0xF0 | kind]) + _varint(len(values))
    return head + b"".join(map(_encoded, values))


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)
