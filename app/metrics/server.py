"""Server that shows a service's metrics at a private address, in a thread of its main process."""

import errno
import logging
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer

from app.config.access import HostNames, MetricsAccess, carries
from app.config.instance import HEADER
from app.config.types import OFF
from app.http.rules import (
    METHODS,
    SERVER,
    are_hosts,
    coding_refusal,
    is_field_value,
    is_length,
    line_refusal,
    phrase,
)
from app.metrics.exposition import Exposition

logger = logging.getLogger(__name__)

PATH = "/-/metrics"
_ALLOWED = ("GET", "HEAD")
#: Longest wait for a client to send its request or to take the answer.
_CLIENT_SECONDS = 5.0
_RETRY_SECONDS = 5.0


class MetricsServer:
    """Answers ``GET /-/metrics`` and nothing else, without TLS.

    A port that is taken keeps no service from its work: that is logged, and tried again. Nor does
    one that is refused because everybody could read there: it is logged, and stays closed.
    """

    def __init__(self, access: MetricsAccess, exposition: Exposition) -> None:
        self._access = access
        self._exposition = exposition
        self._over = threading.Event()
        self._was_refused = False
        self._server: _Server | None = None

    def start(self) -> None:
        """Begin to serve, unless that is off; returns at once."""
        if self._access.bind == OFF:
            return
        if refusal := self._access.refusal():
            logger.error("no metrics are shown: %s", refusal)
            return
        # Here and not in the thread: what is forked next must know of the socket to let go of it.
        self._open()
        threading.Thread(target=self._run, name="metrics-server", daemon=True).start()

    def close(self) -> None:
        """Serve no more."""
        self._over.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def close_in_child(self) -> None:
        """Let go of the socket after a fork: only the parent's thread answers it."""
        if self._server is not None:
            self._server.socket.close()

    def _run(self) -> None:
        while self._server is None:
            if self._over.wait(_RETRY_SECONDS):
                return
            self._open()
        self._server.serve_forever()

    def _open(self) -> None:
        try:
            self._server = _Server(self._access, self._exposition)
        except OSError as error:
            if not self._was_refused:
                logger.error("%s", _refusal(error, self._access))
            self._was_refused = True
        else:
            logger.info("metrics at http://%s%s", self._access.bind, PATH)


@contextmanager
def served(access: MetricsAccess, exposition: Exposition) -> Iterator[None]:
    """Serve metrics meanwhile; as :class:`MetricsServer`."""
    server = MetricsServer(access, exposition)
    server.start()
    try:
        yield
    finally:
        server.close()


def _refusal(error: OSError, access: MetricsAccess) -> str:
    is_taken = error.errno == errno.EADDRINUSE
    why = "something else listens there" if is_taken else (error.strerror or str(error)).lower()
    return (
        f"can't serve metrics on {access.bind}: {why}; trying again,"
        f" or set {access.variable} to another HOST:PORT or to off"
    )


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, access: MetricsAccess, exposition: Exposition) -> None:
        host, _, port = access.bind.rpartition(":")
        self.address_family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
        self.token = access.token
        self.names = HostNames(access.hosts, access.bind)
        self.instance = access.instance
        self.exposition = exposition
        super().__init__((host.strip("[]"), int(port)), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        """Log what socketserver would print; that a client went away is not worth a line."""
        if not isinstance(sys.exception(), OSError):
            logger.exception("a request for the metrics failed")


class _Handler(BaseHTTPRequestHandler):
    """Answers one request of a connection, by the same rules as the other services."""

    timeout = _CLIENT_SECONDS
    server: _Server
    protocol_version = "HTTP/1.1"
    #: What can't be read is answered by HTTP/1.1, too.
    default_request_version = protocol_version

    def parse_request(self) -> bool:
        """Read a request; False when it was refused."""
        if not super().parse_request():
            return False
        self.close_connection = True
        self.request_version = self.protocol_version
        status = self._refusal()
        if status is not None:
            self.send_error(status)
        return status is None

    def _refusal(self) -> HTTPStatus | None:
        if status := line_refusal(self.requestline.encode("latin-1")):
            return status
        if self.command not in METHODS:
            return HTTPStatus.NOT_IMPLEMENTED
        codings = self.headers.get_all("Transfer-Encoding", [])
        lengths = self.headers.get_all("Content-Length", [])
        is_latest = not self.requestline.endswith("1.0")
        if (
            self.headers.defects
            or not are_hosts(self._values("Host"), is_needed=is_latest)
            or not is_length(lengths, is_coded=bool(codings))
            or (codings and not is_latest)
            or not all(map(is_field_value, self.headers.values()))
        ):
            return HTTPStatus.BAD_REQUEST
        if status := coding_refusal(codings):
            return status
        return None if self.command in _ALLOWED else HTTPStatus.METHOD_NOT_ALLOWED

    def _values(self, name: str) -> list[bytes]:
        return [each.encode("latin-1", "replace") for each in self.headers.get_all(name, ())]

    def do_GET(self) -> None:
        """Answer with the metrics, or say where they are or what it takes to read them."""
        if not self.server.names.know(self.headers.get("Host")):
            # RFC 9110 §15.5.20.
            self._answer(421, b"not known by this name: see HOPLINE_METRICS_HOSTS\n", "text/plain")
            return
        if self.server.token and not carries(
            self.headers.get("Authorization"), [self.server.token]
        ):
            self._answer(401, b"send the token: Authorization: Bearer TOKEN\n", "text/plain")
            return
        if self.path.partition("?")[0] != PATH:
            self._answer(404, b"metrics are at /-/metrics\n", "text/plain")
            return
        try:
            body, media_type = self.server.exposition.render(self.headers.get("Accept", ""))
        except OSError as error:
            logger.error("can't read the metrics: %s", error)
            self._answer(500, f"can't read the metrics: {error}\n".encode(), "text/plain")
            return
        self._answer(200, body, media_type)

    do_HEAD = do_GET  # noqa: N815

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Answer with an error, and repeat nothing of what was sent."""
        self._answer(code, f"{code} {phrase(HTTPStatus(code))}\n".encode(), "text/plain")

    def version_string(self) -> str:
        """Say what answers, and not which version of it."""
        return SERVER

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log no scrape."""

    def _answer(self, status: int, body: bytes, media_type: str) -> None:
        self.send_response(status, phrase(HTTPStatus(status)))
        self.send_header("Connection", "close")
        if status == 405:
            self.send_header("Allow", ", ".join(_ALLOWED))
        if status == 401:
            self.send_header("WWW-Authenticate", 'Bearer realm="hopline"')
        self.send_header("Content-Type", media_type)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header(HEADER, self.server.instance)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
