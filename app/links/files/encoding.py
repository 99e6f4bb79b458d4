"""Text of a file that a person or a spreadsheet made, whatever encoding it is in."""

import codecs
import io
import itertools
from collections.abc import Iterator

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: First bytes of what is often taken for a text file, and what to do about it.
_OTHERS = (
    (b"PK\x03\x04", "it is a workbook or a ZIP file: save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "it is an old Excel workbook: save the sheet as CSV"),
    (b"\x1f\x8b", "it is compressed: unpack it first (gunzip)"),
    (b"%PDF", "it is a PDF file: it has to be CSV or JSON"),
)
_LOOKED_AT_BYTES = 4096
#: Most that is read of a line: one that nobody ends would else take all the memory there is.
MAX_LINE = 1 << 20


class UnreadableFile(Exception):
    """A file of which nothing can be read; the text says why and what would do."""


def open_text(file: io.BufferedReader | io.BytesIO, encoding: str = "") -> io.TextIOWrapper:
    """Return the text of a file, with line feeds for its line ends; bad bytes as surrogates.

    Args:
        file: opened for reading; ends with what is returned.
        encoding: its encoding; found out by default, UTF-8 if nothing speaks against it.

    Raises:
        UnreadableFile: it can't be read, is no text, or there is no such encoding.
    """
    buffered = file if isinstance(file, io.BufferedReader) else io.BufferedReader(file)
    try:
        start = buffered.peek(_LOOKED_AT_BYTES)[:_LOOKED_AT_BYTES]
    except OSError as error:
        raise UnreadableFile(f"it can't be read: {error.strerror}") from None
    for magic, advice in _OTHERS:
        if start.startswith(magic):
            raise UnreadableFile(advice)
    try:
        name = encoding or guess(start)
        return io.TextIOWrapper(buffered, name, errors="surrogateescape", newline=None)
    except LookupError:
        raise UnreadableFile(f"there is no encoding {encoding!r} of texts") from None


def guess(start: bytes) -> str:
    """Return the encoding of a text by its first bytes."""
    for mark, name in _BOMS:
        if start.startswith(mark):
            return name
    # Of a table of links, whose names and URLs are ASCII, every other byte of UTF-16 is zero.
    even, odd = start[::2].count(0), start[1::2].count(0)
    if 4 * (even + odd) < len(start) or not start:
        return "utf-8"
    return "utf-16-le" if odd > even else "utf-16-be"


def complaint(line: str) -> str:
    """Say what is wrong with a line's length or bytes; '' for text."""
    if len(line) > MAX_LINE:
        return f"it is longer than {MAX_LINE:,} characters"
    if not any("\ud800" <= character <= "\udfff" for character in line):
        return ""
    try:
        raw = line.encode("utf-8", "surrogateescape")
        word = next(word for word in raw.split() if not _is_utf8(word)).decode("windows-1252")
    except (UnicodeError, StopIteration):
        return "it is not UTF-8"
    return (
        f"it is not UTF-8; as Windows-1252 it would say {word[:40]!r}: save the file as UTF-8,"
        " or name its encoding (--encoding windows-1252)"
    )


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def numbered(text: io.TextIOBase) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not blank, each with its number, from 1.

    Of one that is longer than :data:`MAX_LINE` its beginning and one character more are yielded;
    the rest is still in the file until the next is asked for.
    """
    for number in itertools.count(1):
        line = text.readline(MAX_LINE + 1)
        if not line:
            return
        # A file that was put behind another keeps its mark, as one does whose encoding was named.
        content = line.removeprefix("\ufeff")
        if len(line) > MAX_LINE or content.strip():
            yield number, content
        while len(line) > MAX_LINE and not line.endswith("\n"):
            line = text.readline(MAX_LINE + 1)
