"""Sending of one delivery over HTTP: what the receiver may do, and how long.

Where a name leads is looked up once, checked, and that very address connected to, so that a name
which leads elsewhere a moment later gains nothing. Redirects are answers like any other, and
settings for proxies are not looked at.
"""

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import urlsplit

from app.http.addresses import is_public, parse_address

#: What is kept of an answer's body.
_ANSWER_BYTES = 1024
#: Addresses of one name that are tried.
_MOST_ADDRESSES = 4
#: Characters of an error, which may repeat what a receiver has sent.
_MOST_TEXT = 200


class Answer(NamedTuple):
    """What came of sending.

    Attributes:
        status: HTTP status, 0 for none.
        error: why there was none; '' where there was.
        text: the beginning of the answer's body.
        retry_after: value of the Retry-After header.
    """

    status: int = 0
    error: str = ""
    text: str = ""
    retry_after: str = ""


class PrivateAddress(OSError):
    """The host leads to private networks alone; the text names one of them."""


class Sender:
    """Sends what it is given, as a thread may.

    Args:
        seconds: how long all of it may take.
        allow_private: whether private networks may be reached.
        context: checks certificates; by default against those that the system trusts.
    """

    def __init__(
        self, seconds: float, *, allow_private: bool, context: ssl.SSLContext | None = None
    ) -> None:
        self._seconds = seconds
        self._allow_private = allow_private
        self._context = context or ssl.create_default_context()

    def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send a body by POST, and return what came of it; raises nothing."""
        exchange = _Exchange(self._seconds, self._allow_private, self._context)
        timer = threading.Timer(self._seconds, exchange.cut)
        timer.daemon = True
        timer.start()
        try:
            return exchange.post(url, headers, body)
        except (OSError, http.client.HTTPException, ValueError) as error:
            if exchange.is_cut or isinstance(error, TimeoutError):
                return Answer(error=f"no answer within {self._seconds:g} s")
            return Answer(error=_text(error))
        finally:
            timer.cancel()
            exchange.close()


class _Exchange:
    """One request and its answer, which another thread may cut short."""

    def __init__(self, seconds: float, allow_private: bool, context: ssl.SSLContext) -> None:
        self.is_cut = False
        self._seconds = seconds
        self._allow_private = allow_private
        self._context = context
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        parts = urlsplit(url)
        host = parts.hostname or ""
        is_secure = parts.scheme == "https"
        port = parts.port or (443 if is_secure else 80)
        connected = self._connect(host, port)
        if is_secure:
            connected = self._secure(connected, host)
        kind = http.client.HTTPSConnection if is_secure else http.client.HTTPConnection
        connection = kind(host, port)
        connection.sock = connected
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body, {**headers, "Connection": "close"})
        answer = connection.getresponse()
        if self.is_cut:
            # What there is of a head that was cut short would be taken for all of it.
            raise TimeoutError
        return Answer(
            answer.status,
            text=self._beginning(answer),
            retry_after=answer.getheader("Retry-After", ""),
        )

    def cut(self) -> None:
        """End it, wherever it is."""
        with self._lock:
            self.is_cut = True
            if self._socket is not None:
                with suppress(OSError):
                    # SSLSocket's own would take away what the other thread is using.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        with self._lock:
            if self._socket is not None:
                self._socket.close()

    def _connect(self, host: str, port: int) -> socket.socket:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        allowed = [each for each in found if self._allow_private or _is_public(each[4][0])]
        if not allowed:
            raise PrivateAddress(f"{host} leads to {found[0][4][0]}, in a private network")
        failure: OSError | None = None
        for family, kind, protocol, _, address in allowed[:_MOST_ADDRESSES]:
            connecting = socket.socket(family, kind, protocol)
            self._hold(connecting)
            try:
                connecting.connect(address)
            except OSError as error:
                failure = error
                connecting.close()
            else:
                return connecting
        raise failure or OSError(f"{host} can't be reached")

    def _secure(self, connected: socket.socket, host: str) -> socket.socket:
        secure = self._context.wrap_socket(
            connected, server_hostname=host, do_handshake_on_connect=False
        )
        self._hold(secure)
        secure.do_handshake()
        return secure

    def _hold(self, held: socket.socket) -> None:
        with self._lock:
            if self.is_cut:
                held.close()
                raise TimeoutError
            held.settimeout(self._seconds)
            self._socket = held

    def _beginning(self, answer: http.client.HTTPResponse) -> str:
        """Return what came of the body; the status alone says whether it was taken."""
        with suppress(OSError, http.client.HTTPException, ValueError):
            return answer.read(_ANSWER_BYTES).decode(errors="replace")
        return ""


def _is_public(text: object) -> bool:
    address = parse_address(str(text).partition("%")[0])
    return address is not None and is_public(address) and not address.is_multicast


def _text(error: Exception) -> str:
    """Say why there was no answer, in one line."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not good: {error.verify_message}"
    if isinstance(error, http.client.RemoteDisconnected):
        return "it hung up without an answer"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split())[:_MOST_TEXT] or type(error).__name__
