"""How gunicorn runs the console: one process, a thread for each request at work.

gunicorn takes every module-level name that is one of its settings
(https://gunicorn.org/reference/settings/).
"""

import os
from typing import Any

from app.notify import Notifier
from app.settings import load_or_exit
from app.watchdog import keep_watch

_settings = load_or_exit()

proc_name = "hopline-console"
bind = _settings.console_bind
worker_class = "gthread"
workers = 1
threads = _settings.console_threads
graceful_timeout = int(_settings.drain_seconds)
loglevel = _settings.log_level.lower()
logger_class = "app.gunicorn_logs.Logger"
# No proxy in front may set the scheme or the path by a header.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}
# Every gunicorn of a user would open the same socket, and nothing here speaks to it.
control_socket_disable = True


def when_ready(server: Any) -> None:
    """Have systemd told that the arbiter is alive, if it asked for that."""
    keep_watch(server, Notifier(os.environ))
