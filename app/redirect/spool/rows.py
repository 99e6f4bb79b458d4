"""A click as it lies in the spool, and how a damaged one is told."""

import zlib

#: Click id and XADD command.
Row = tuple[bytes, bytes]
#: The same with its checksum.
Stored = tuple[bytes, bytes, int]


def checksum(row: Row) -> int:
    """Return the CRC-32 of a click id and its command."""
    return zlib.crc32(row[1], zlib.crc32(row[0]))


def is_whole(stored: Stored) -> bool:
    """Tell whether a click is as it was written."""
    click_id, command, expected = stored
    # A changed byte can change the type as well.
    is_bytes = isinstance(click_id, bytes) and isinstance(command, bytes)
    return is_bytes and checksum((click_id, command)) == expected
