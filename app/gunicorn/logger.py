"""Logger that gives gunicorn's own log lines the form of all others: its ``logger_class``."""

import logging
import re
from typing import Any

from gunicorn.glogging import Logger as GunicornLogger

from app.config.loading import load
from app.logs.formats import VisitorAddress
from app.logs.setup import configure

#: How gunicorn names a client whose request it can't read.
_CLIENT = re.compile(r"(?<=\bip=)\S*(?=: )")


class Logger(GunicornLogger):  # type: ignore[misc]  # gunicorn has no types
    """Hands gunicorn's lines on to the handler of :mod:`app.logs.setup`."""

    def setup(self, cfg: Any) -> None:
        """Configure logging for the arbiter and for what it forks."""
        super().setup(cfg)
        configure(load(), cfg.proc_name.removeprefix("hopline-"))
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        self.error_log.filters[:] = [_hide_client]


def _hide_client(record: logging.LogRecord) -> bool:
    found = _CLIENT.search(str(record.msg))
    if found and not record.args:
        before, after = record.msg[: found.start()], record.msg[found.end() :]
        record.msg, record.args = "%s%s%s", (before, VisitorAddress(found[0]), after)
    return True
