"""Set-up that sends log lines to stderr, with priorities where that is systemd's journal."""

import logging
import multiprocessing
import os
import sys
from collections.abc import Mapping

from app.config.settings import Settings
from app.logs.formats import FORMATS, Style
from app.logs.stderr import stderr_handler

#: syslog's priorities, which the journal reads at the start of a line (sd-daemon(3)).
_PRIORITIES = {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6}
_DEBUG = 7


def configure(settings: Settings, process: str = "") -> None:
    """Send the log lines of this process to stderr; calling it again replaces what was set.

    Nobody waits for whoever reads them, see :mod:`app.logs.stderr`.

    Args:
        process: what the lines call this process; its multiprocessing name by default.
    """
    if process:
        multiprocessing.current_process().name = process
    style: Style = settings.log_format
    line = FORMATS[style](full_addresses=settings.store_addresses == "full")
    handler = stderr_handler(sys.stderr)
    handler.setFormatter(_WithPriority(line) if is_journal(os.environ) else line)
    logging.basicConfig(level=settings.log_level, handlers=[handler], force=True)


def is_journal(environ: Mapping[str, str]) -> bool:
    """Tell whether stderr is a stream of the journal, as systemd.exec(5) says of JOURNAL_STREAM."""
    try:
        stderr = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError, AttributeError):
        # Closed, or in a test's hands.
        return False
    return environ.get("JOURNAL_STREAM") == f"{stderr.st_dev}:{stderr.st_ino}"


class _WithPriority(logging.Formatter):
    """Puts the priority before each line of another format: the journal takes each for itself."""

    def __init__(self, line: logging.Formatter) -> None:
        super().__init__()
        self._line = line

    def format(self, record: logging.LogRecord) -> str:
        prefix = f"<{_PRIORITIES.get(record.levelno, _DEBUG)}>"
        return "\n".join(prefix + each for each in self._line.format(record).splitlines())
