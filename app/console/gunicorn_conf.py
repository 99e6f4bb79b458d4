"""Configuration that has gunicorn run the console: one process, a thread for each request at work.

gunicorn takes every module-level name that is one of its settings
(https://gunicorn.org/reference/settings/).
"""

import os
import sys
from functools import partial
from http import HTTPStatus
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from app.config.access import console_refusal
from app.config.loading import load_or_exit
from app.console.api.links.bulk.turns import MOST_AT_ONCE
from app.console.api.problem import bare_problem
from app.gunicorn.errors import OwnErrors
from app.gunicorn.lingering import Lingering
from app.gunicorn.watchdog import keep_watch
from app.keys.store import may_have_keys
from app.processes.private_files import keep_to_ourselves
from app.processes.stopping import IS_STOPPING
from app.processes.systemd import Notifier

#: Threads that neither reports nor bulks get: for probes and metrics.
_SPARE_THREADS = 2

_settings = load_or_exit()


class Worker(OwnErrors, Lingering, ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's threads, with error answers of our own: problems, as all that programs get."""

    @staticmethod
    def write_error(status: HTTPStatus) -> tuple[str, str]:
        """Return media type and text of an answer."""
        return bare_problem(status)

    def handle_exit(self, sig: Any, frame: Any) -> None:
        """Finish what is at work, but for what would go on for ever."""
        IS_STOPPING.set()
        super().handle_exit(sig, frame)

    def handle_quit(self, sig: Any, frame: Any) -> None:
        """End at once."""
        IS_STOPPING.set()
        super().handle_quit(sig, frame)


proc_name = "hopline-console"
bind = _settings.console_bind
worker_class = Worker
workers = 1
# Bulks of links and exports of clicks have turns of their own.
threads = _settings.console_threads + 2 * MOST_AT_ONCE + _SPARE_THREADS
graceful_timeout = int(_settings.drain_seconds)
loglevel = _settings.log_level.lower()
logger_class = "app.gunicorn.logger.Logger"
# No proxy in front may set the scheme or the path by a header.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}
# Every gunicorn of a user would open the same socket, and nothing here speaks to it.
control_socket_disable = True


def on_starting(_server: Any) -> None:
    """Close what is written from now on to others; gunicorn opens its Unix sockets all the same."""
    keep_to_ourselves()


def when_ready(server: Any) -> None:
    """Refuse to serve to everybody; have systemd told that the arbiter is alive, if it asks.

    The sockets are looked at rather than the setting: systemd may have handed them down, or
    gunicorn's own options may have named others. No process serves them yet.
    """
    has_keys = partial(may_have_keys, _settings)
    for listener in server.LISTENERS:
        bind = _bind_of(listener.getsockname())
        if refusal := console_refusal(bind, _settings.console_token, has_keys):
            sys.stderr.write(f"hopline: {refusal}\n")
            sys.exit(2)
    keep_watch(server, Notifier(os.environ))


def _bind_of(address: Any) -> str:
    """Return a socket's address as the settings write it."""
    if not isinstance(address, tuple):
        return f"unix:{address}"
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
