"""Raw sockets and what comes back over them: nothing here repairs or retries."""

import socket
from dataclasses import dataclass
from typing import Protocol


class Connects(Protocol):
    def connect(self) -> socket.socket: ...


class Truncated(Exception):
    """The connection ended within an answer."""


@dataclass(frozen=True)
class RawAnswer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def token(self) -> str:
        return self.headers.get("location", "").removeprefix("https://example.com")


class Reader:
    """Reads answers off a socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._data = bytearray()

    def all(self, heads: int = 0) -> list[RawAnswer]:
        """Read until the server closes; the first so many answers are to HEAD."""
        answers = []
        while answer := self.next(to_head=len(answers) < heads):
            answers.append(answer)
        return answers

    def next(self, *, to_head: bool = False) -> RawAnswer | None:
        """Return the next final answer, or None when the server has closed before it."""
        if not self._data and not self._more():
            return None
        head = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        status = int(head[0].split(" ")[1])
        headers = {}
        for line in head[1:]:
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        if status == 100:
            return self.next(to_head=to_head)
        if to_head or status in (204, 304):
            return RawAnswer(status, headers, b"")
        return RawAnswer(status, headers, self._body(headers))

    def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding") == "chunked":
            return self._chunks()
        if "content-length" in headers:
            return self._exactly(int(headers["content-length"]))
        while self._more():
            pass
        return self._taken(len(self._data))

    def _chunks(self) -> bytes:
        body = bytearray()
        while size := int(self._until(b"\r\n"), 16):
            body += self._exactly(size)
            assert self._exactly(2) == b"\r\n"
        assert self._exactly(2) == b"\r\n"
        return bytes(body)

    def _until(self, end: bytes) -> bytes:
        while end not in self._data:
            if not self._more():
                raise Truncated(bytes(self._data))
        found = self._taken(self._data.index(end))
        self._taken(len(end))
        return found

    def _exactly(self, size: int) -> bytes:
        while len(self._data) < size:
            if not self._more():
                raise Truncated(bytes(self._data))
        return self._taken(size)

    def _taken(self, size: int) -> bytes:
        taken = bytes(self._data[:size])
        del self._data[:size]
        return taken

    def _more(self) -> bool:
        try:
            data = self._sock.recv(65_536)
        except ConnectionResetError:
            data = b""
        self._data += data
        return bool(data)


def get(path: str, *lines: str, method: str = "GET", version: str = "1.1") -> bytes:
    return "\r\n".join((f"{method} {path} HTTP/{version}", "Host: h", *lines, "", "")).encode()


def ask(server: Connects, data: bytes, heads: int = 0) -> list[RawAnswer]:
    """Send the bytes and nothing more, and read all answers."""
    with server.connect() as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        return Reader(sock).all(heads)
