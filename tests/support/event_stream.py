"""Client of Server-Sent Events, as a browser reads them."""

import json
import socket
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Self

DEADLINE_SECONDS = 60


class Event(NamedTuple):
    """An event: its name, its id, and its data read as JSON."""

    name: str
    id: str
    data: Any


class EventStream:
    """A connection that reads events.

    Attributes:
        head: of the answer.
    """

    def __init__(self, port: int, path: str, headers: Mapping[str, str] | None = None) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_SECONDS)
        lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Accept: text/event-stream"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        self._file = self._socket.makefile("rb")
        self.head = b"".join(iter(self._file.readline, b"\r\n")).decode()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def status(self) -> int:
        """Of the answer."""
        return int(self.head.split(" ", 2)[1])

    def close(self) -> None:
        """Hang up."""
        self._file.close()
        self._socket.close()

    def events(self) -> Iterator[Event]:
        """Yield events until the answer ends, which it does as HTTP has it."""
        text = ""
        for chunk in self._chunks():
            text += chunk.decode()
            while "\n\n" in text:
                block, _, text = text.partition("\n\n")
                fields = dict(line.partition(": ")[::2] for line in block.splitlines())
                if "data" in fields:
                    data = json.loads(fields["data"])
                    yield Event(fields.get("event", "message"), fields.get("id", ""), data)

    def clicks(self) -> Iterator[Event]:
        """Yield the events that are clicks."""
        return (event for event in self.events() if event.name == "click")

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self._file.readline(), 16):
            yield self._file.read(size)
            assert self._file.readline() == b"\r\n"
        assert self._file.readline() == b"\r\n"
