"""Configuration that has gunicorn run the redirect: ``-c python:app.redirect.gunicorn_conf``.

gunicorn takes every module-level name that is one of its settings
(https://gunicorn.org/reference/settings/).
"""

import os
from typing import Any

from app.config.access import MetricsAccess
from app.config.loading import load_or_exit
from app.gunicorn.watchdog import keep_watch
from app.metrics.exposition import Exposition
from app.metrics.server import MetricsServer
from app.processes.private_files import keep_to_ourselves
from app.processes.systemd import Notifier

_settings = load_or_exit()

wsgi_app = "app.redirect.wsgi:get_app()"
proc_name = "hopline-redirect"
bind = _settings.redirect_bind
workers = _settings.redirect_workers
worker_class = "app.redirect.server.gunicorn.worker.RedirectWorker"
#: Also caps idle keep-alive connections: one more would hang.
worker_connections = 10_000
keepalive = 30
#: Each worker makes its own connections, so nothing may be loaded before the fork.
preload_app = False
#: A worker whose event loop stands still for this long is replaced.
timeout = 30
graceful_timeout = 10

#: The longest that gunicorn can be told; an over-long code is unknown like any other.
limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 8190

# What proxies say is read in app.redirect.visits.client_address alone: nobody may set the scheme,
# SCRIPT_NAME or PATH_INFO by a header, and header names that differ only in - and _ are dropped.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""
header_map = "drop"

control_socket_disable = True
accesslog = None
errorlog = "-"
loglevel = _settings.log_level.lower()
logger_class = "app.gunicorn.logger.Logger"


def on_starting(_server: Any) -> None:
    """Close what is written from now on to others; gunicorn opens its Unix sockets all the same."""
    keep_to_ourselves()


def when_ready(server: Any) -> None:
    """Serve the metrics, and have systemd told that the arbiter is alive, if it asked for that."""
    exposition = Exposition(_settings.metrics_of("redirect"))
    server.metrics = MetricsServer(MetricsAccess.of(_settings, "redirect"), exposition)
    server.metrics.start()
    keep_watch(server, Notifier(os.environ))


def post_fork(server: Any, _worker: Any) -> None:
    """Leave serving the metrics to the arbiter."""
    server.metrics.close_in_child()


def worker_exit(_server: Any, worker: Any) -> None:
    """Bring the clicks of a leaving worker to Redis or to disk."""
    service = getattr(getattr(worker, "wsgi", None), "service", None)
    if service is not None:
        service.close()
