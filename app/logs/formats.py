"""Formatters that write a log line as text, JSON or logfmt, whatever a visitor sent."""

import json
import logging
import time
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from app.http.addresses import network_of

Style = Literal["text", "json", "logfmt"]

_TEXT = "%(asctime)s.%(msecs)03dZ %(levelname)s %(process)d %(processName)s: %(message)s"
_SECONDS = "%Y-%m-%dT%H:%M:%S"
#: Line breaks of any kind, and the escape that starts a terminal's control sequences.
_ESCAPED = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if code != 9} | {
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}
#: What needs no quotes in logfmt (https://brandur.org/logfmt).
_BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/+")


class VisitorAddress(NamedTuple):
    """A visitor's address as an argument of a log line: shown as its network, /24 or /48.

    In full it is shown only where addresses are stored in full.
    """

    full: str

    def __str__(self) -> str:
        return network_of(self.full) or "unknown"


class Line(logging.Formatter):
    """Writes times in UTC and texts in one line; only a traceback takes more."""

    converter = staticmethod(time.gmtime)

    def __init__(self, *, full_addresses: bool = False) -> None:
        super().__init__(_TEXT, _SECONDS)
        self._full_addresses = full_addresses

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, or lines, without a line break at the end."""
        if self._full_addresses and isinstance(record.args, tuple):
            record.args = tuple(
                each.full if isinstance(each, VisitorAddress) else each for each in record.args
            )
        return super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the line with its control characters spelled out."""
        request_id = getattr(record, "request_id", "")
        named = f" (request {request_id})" if request_id else ""
        return f"{super().formatMessage(record)}{named}".translate(_ESCAPED)


class JsonLine(Line):
    """Writes one JSON object a line, a traceback among its fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the object."""
        super().format(record)
        return json.dumps(dict(_fields(self, record)))


class LogfmtLine(Line):
    """Writes name=value pairs, a traceback among them."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the pairs."""
        super().format(record)
        return " ".join(f"{name}={_logfmt(value)}" for name, value in _fields(self, record))


FORMATS: Mapping[Style, type[Line]] = {"text": Line, "json": JsonLine, "logfmt": LogfmtLine}


def _fields(line: Line, record: logging.LogRecord) -> Iterator[tuple[str, str | int]]:
    yield "time", f"{line.formatTime(record, _SECONDS)}.{int(record.msecs):03d}Z"
    yield "level", record.levelname.lower()
    yield "process", record.processName or ""
    yield "pid", record.process or 0
    yield "logger", record.name
    yield "message", record.message
    if request_id := getattr(record, "request_id", ""):
        yield "request_id", request_id
    if record.exc_text:
        yield "exception", record.exc_text


def _logfmt(value: str | int) -> str:
    text = str(value)
    return text if text and _BARE.issuperset(text) else json.dumps(text)
