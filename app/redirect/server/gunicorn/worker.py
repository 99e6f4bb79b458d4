"""Worker that serves redirects: ``-k app.redirect.server.gunicorn.worker.RedirectWorker``.

Processes, signals, reload, sockets and the heartbeat are gunicorn's. The connections are served
by :class:`app.redirect.server.event_loop.ConnectionServer`, because a static answer costs 260
microseconds in gunicorn's own loop, of which 250 are spent on the way to and from the
application.
"""

import gc
import logging
import os
import resource
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from time import monotonic
from typing import Any

import gevent
import gevent.event
import gevent.pool
from gunicorn.config import Config
from gunicorn.http.wsgi import base_environ
from gunicorn.workers.ggevent import GeventWorker
from prometheus_client import CollectorRegistry

from app.gunicorn.errors import OwnErrors
from app.metrics.redirect import RedirectMetrics
from app.redirect.server.accept_balancing import SlotTable, WorkerSlot
from app.redirect.server.connection import Connection
from app.redirect.server.dispatch import Dispatcher, PlainHandler, WsgiHandler
from app.redirect.server.environ import EnvironBuilder, request_headers
from app.redirect.server.event_loop import ConnectionServer
from app.redirect.server.gunicorn.fallback import FallbackSocket
from app.redirect.server.listener import Listener
from app.redirect.server.request_parser import Limits, Refused, RequestParser
from app.redirect.server.timeouts import Timeouts
from app.redirect.server.wsgi_response import WsgiResponse

logger = logging.getLogger(__name__)

#: gunicorn settings that only its own loop honours; unless they are at their defaults, it serves.
LEFT_TO_GUNICORN = (
    "casefold_http_method",
    "certfile",
    "header_map",
    "http2_cleartext",
    "keyfile",
    "permit_obsolete_folding",
    "post_request",
    "pre_request",
    "protocol",
    "proxy_protocol",
    "strip_header_spaces",
)
#: What gunicorn's 0, no limit, comes to: a whole head has its own.
UNLIMITED = 65_536
#: File descriptors that a worker needs beside its clients'.
OTHER_FILES = 64
#: Seconds between heartbeats, and between looks at what is left when stopping.
BEAT_SECONDS = 1.0
STOP_BEAT_SECONDS = 0.05
#: Objects made, less those freed, before the garbage collector looks at the young ones.
GC_THRESHOLD = 50_000


class RedirectWorker(OwnErrors, GeventWorker):  # type: ignore[misc]  # gunicorn has no types
    """Serves the application's fast lane and WSGI from one server.

    The application may offer a fast lane as its attribute ``fast_lane``
    (:class:`app.redirect.server.dispatch.FastLane`); it is left out when accesses are logged. Its
    attribute ``metrics``, if it has one, is told of answers and connections.

    Attributes:
        timeouts: time limits; ``idle`` is gunicorn's ``keepalive``.
        most_fallbacks: connections at once in gunicorn's handler, a greenlet for each.
    """

    timeouts = Timeouts()
    most_fallbacks = 512
    alive: bool

    def __init__(self, age: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(age, *args, **kwargs)
        self._slot = WorkerSlot(_slot_table(), age)
        self._slot.expect(monotonic())
        self._serves = False

    def init_process(self) -> None:
        """Load and serve; however that ends, nobody waits for this worker any longer."""
        # All that is loaded stays, and to look for garbage in it takes a seventh of that time.
        gc.disable()
        try:
            super().init_process()
        finally:
            self._slot.leave()

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Leave as told to; who is only starting lets nobody wait for it."""
        if not self._serves:
            self._slot.leave()
        super().handle_exit(sig, frame)

    def run(self) -> None:
        """Serve until told to stop, then until everybody has gone or graceful_timeout is over."""
        gc.enable()
        unusual = differing(self.cfg, LEFT_TO_GUNICORN)
        if unusual or os.environ.get("SCRIPT_NAME"):
            logger.warning("gunicorn's own, slower loop serves because of: %s", unusual)
            super().run()
            return
        self._serves = True
        freeze_objects()
        self._fallbacks = gevent.pool.Pool(self.most_fallbacks)
        self._metrics = getattr(self.wsgi, "metrics", None) or RedirectMetrics(CollectorRegistry())
        self._server = self._make_server()
        self._metrics.connections.set_function(lambda: len(self._server))
        self._woken = gevent.event.Event()
        waker = gevent.get_hub().loop.io(self.PIPE[0], 1)
        waker.start(self._wake)
        self._server.start()
        try:
            self._stay()
            self._await_successors()
            self._leave()
        finally:
            # However it ends: a click that comes while the service closes would be answered and
            # then forgotten.
            self._server.close_all()

    def notify(self) -> None:
        """Show the arbiter a sign of life, and leave as if told to when it is gone.

        gunicorn's own ends the process at once, with its visitors half served.
        """
        self.tmp.notify()
        if self.alive and self._is_orphan:
            logger.info("the arbiter is gone: leaving")
            self.alive = False

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> None:
        """Serve a request that was handed over, the last of its connection."""
        if isinstance(sock, FallbackSocket):
            req.force_close()
        try:
            super().handle_request(listener_name, req, sock, addr)
        except StopIteration:
            # So gunicorn says that a connection has had its last answer.
            if isinstance(sock, FallbackSocket):
                self._note_answer(sock)
            raise

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer a request that gunicorn refuses to serve, or that failed."""
        super().handle_error(req, client, addr, exc)
        if isinstance(client, FallbackSocket) and client.status:
            self._metrics.responses.labels(client.status, "gunicorn").inc()
            self._note_answer(client)

    def _note_answer(self, sock: FallbackSocket) -> None:
        self._metrics.latency.observe_all([monotonic() - sock.began])

    @property
    def _is_orphan(self) -> bool:
        return bool(self.ppid != os.getppid())

    def _stay(self) -> None:
        while self.alive:
            self.notify()
            self._woken.wait(BEAT_SECONDS)
            self.nr = self._server.served
            if self.nr >= self.max_requests:
                logger.info("leaving after %d requests", self.nr)
                self.alive = False

    def _await_successors(self) -> None:
        """Serve on while others are starting: at a reload, those that take our place."""
        while not self._is_orphan and self._slot.is_one_starting(monotonic()):
            self.notify()
            gevent.sleep(STOP_BEAT_SECONDS)

    def _leave(self) -> None:
        until = monotonic() + self.cfg.graceful_timeout
        self._server.stop()
        while len(self._server) and monotonic() < until:
            self.notify()
            gevent.sleep(STOP_BEAT_SECONDS)
            self._server.sweep()
        if len(self._server):
            logger.warning("graceful timeout: %d connections are cut off", len(self._server))
        self._fallbacks.kill(timeout=1)

    def _wake(self) -> None:
        # A signal's handler has run by the time this does: Python writes the signal's number to
        # this pipe, and runs the handler before it goes on with any other code.
        os.read(self.PIPE[0], 4096)
        if not self.alive:
            self._woken.set()

    def _make_server(self) -> ConnectionServer:
        cfg = self.cfg
        limits = Limits(
            line_bytes=cfg.limit_request_line or UNLIMITED,
            fields=cfg.limit_request_fields,
            field_bytes=cfg.limit_request_field_size or UNLIMITED,
        )
        return ConnectionServer(
            [Listener(sock) for sock in self.sockets],
            RequestParser(limits),
            self._make_dispatcher(limits),
            replace(self.timeouts, idle=cfg.keepalive),
            capacity=room_for_clients(self.worker_connections),
            slot=self._slot,
            fallbacks=self._fallbacks,
            metrics=self._metrics,
        )

    @property
    def _logs_access(self) -> bool:
        return bool(self.log.access_log_enabled or self.cfg.statsd_host)

    def _make_dispatcher(self, limits: Limits) -> Dispatcher:
        cfg = self.cfg
        fast = None if self._logs_access else getattr(self.wsgi, "fast_lane", None)
        base = {**base_environ(cfg), "wsgi.multithread": True}
        trusted = None if "*" in cfg.forwarded_allow_ips else cfg.forwarded_allow_networks()
        log_access = self._log_access if self._logs_access else None
        return Dispatcher(
            PlainHandler(fast, limits) if fast else None,
            WsgiHandler(self.wsgi, gevent.get_hub(), log_access),
            EnvironBuilder(base, limits, cfg.secure_scheme_headers, trusted),
            self._hand_over,
        )

    def _log_access(self, answer: WsgiResponse, environ: dict[str, Any], took: timedelta) -> None:
        self.log.access(answer, request_headers(environ), environ, took)

    def _hand_over(self, connection: Connection, head: bytes) -> None:
        if self._fallbacks.full():
            raise Refused("503 Service Unavailable", "too many requests out of the ordinary")
        listener = connection.listener
        peer = connection.peer if listener.server else ""
        sock = FallbackSocket(listener.family, connection.detach(), head)
        self._fallbacks.spawn(self.handle, listener.gunicorn_socket, sock, peer)


@cache
def _slot_table() -> SlotTable:
    # Workers are made in the arbiter and then forked: the first one's table serves them all.
    return SlotTable()


def differing(cfg: Config, names: Sequence[str]) -> list[str]:
    """Return which of the settings are not at gunicorn's defaults."""
    defaults = Config()
    return [name for name in names if getattr(cfg, name) != getattr(defaults, name)]


def freeze_objects() -> None:
    """Keep the garbage collector from looking at what lives as long as the process.

    Serving makes next to no cycles, but lots of objects that die at once: at the default
    threshold of 700 the collector would walk through everything imported again and again. This
    is worth 5 % of the redirects a second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 20)


def room_for_clients(wanted: int) -> int:
    """Return how many of so many connections the process may open, raising its limit if it can."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + OTHER_FILES
    if soft < needed and (hard == resource.RLIM_INFINITY or hard > soft):
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft < needed:
        logger.warning(
            "only %d files may be open: room for %d clients, not %d",
            soft,
            soft - OTHER_FILES,
            wanted,
        )
    return min(wanted, soft - OTHER_FILES)
