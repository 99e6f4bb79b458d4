"""How log lines look: one line each on stderr, whatever text a visitor sent."""

import logging
import multiprocessing
import sys
import time

_FORMAT = "%(asctime)s.%(msecs)03dZ %(levelname)s %(process)d %(processName)s: %(message)s"
#: Line breaks of any kind, and the escape that starts a terminal's control sequences.
_ESCAPED = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if code != 9} | {
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}


def configure(level: str, process: str = "") -> None:
    """Send the log lines of this process to stderr; calling it again replaces what was set.

    Args:
        level: least severe lines that are written, e.g. ``INFO``.
        process: what the lines call this process; its multiprocessing name by default.
    """
    if process:
        multiprocessing.current_process().name = process
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine(_FORMAT, "%Y-%m-%dT%H:%M:%S"))
    logging.basicConfig(level=level, handlers=[handler], force=True)


class OneLine(logging.Formatter):
    """Writes times in UTC and texts in one line; only a traceback takes more."""

    converter = staticmethod(time.gmtime)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the line with its control characters spelled out."""
        return super().formatMessage(record).translate(_ESCAPED)
