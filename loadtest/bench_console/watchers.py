"""Watchers of live clicks: many streams in a process of their own, and one that is timed."""

import json
import selectors
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection

_PATH = "/api/v1/clicks/live"
_READ_BYTES = 1 << 20
_TIMEOUT_SECONDS = 60.0


@contextmanager
def watching(console: str, streams: int) -> Iterator[None]:
    """Have so many streams be open inside the ``with`` block, and what they are told be read.

    Raises:
        RuntimeError: the console doesn't let all of them watch.
    """
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_watch, args=(theirs, console, streams), daemon=True)
    process.start()
    theirs.close()
    try:
        if not ours.poll(_TIMEOUT_SECONDS) or ours.recv() != streams:
            raise RuntimeError(f"{streams} streams can't be opened: see up.log")
        yield
    finally:
        ours.close()
        process.join(_TIMEOUT_SECONDS)


def _watch(pipe: Connection, console: str, streams: int) -> None:
    opened = [_opened(console, _PATH) for _ in range(streams)]
    with selectors.DefaultSelector() as selector:
        for each in opened:
            selector.register(each, selectors.EVENT_READ)
        pipe.send(sum(each.recv(_READ_BYTES).startswith(b"HTTP/1.1 200") for each in opened))
        selector.register(pipe, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is pipe:
                    return
                key.fileobj.recv(_READ_BYTES)  # type: ignore[union-attr]


def seen_live(console: str, code: str, click: Callable[[], None], times: int) -> list[float]:
    """Return the seconds from each click on a link until a stream of its clicks tells of it."""
    ages = []
    with _opened(console, f"{_PATH}?code={code}") as stream, stream.makefile("rb") as lines:
        events = (json.loads(line[6:]) for line in lines if line.startswith(b"data: "))
        next(events)
        for _ in range(times):
            began = time.monotonic()
            click()
            next(each for each in events if "click_id" in each)
            ages.append(time.monotonic() - began)
    return ages


def _opened(console: str, path: str) -> socket.socket:
    host, _, port = console.rpartition(":")
    stream = socket.create_connection((host, int(port)), timeout=_TIMEOUT_SECONDS)
    stream.sendall(f"GET {path} HTTP/1.1\r\nHost: {console}\r\n\r\n".encode())
    return stream
