"""Imports of links over HTTP: how long they take, what the console grows by, and a killed one."""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse
from itertools import islice

import psutil

from app.processes.child import ChildFailed
from loadtest.bench_reports.installation import Installation
from loadtest.common.processes import below

TIMEOUT_SECONDS = 600.0
#: How often the console's memory is looked at.
_SAMPLE_SECONDS = 0.05
_REST_SECONDS = 0.1
_PATH = "/api/v1/links/-/import"


def workers_of_console(installation: Installation) -> list[psutil.Process]:
    """Return the processes that answer for the console."""
    return below(installation.up_pid, "gunicorn: worker [hopline-console]")


def import_links(installation: Installation, body: bytes, links: int) -> float:
    """Import a file of new links, and return how many seconds that took.

    Raises:
        ChildFailed: not all of them were made.
    """
    began = time.monotonic()
    last = _imported(installation, body)
    if last.get("created") != links:
        raise ChildFailed(f"of {links:,} links {last} was said")
    return time.monotonic() - began


def import_after_kill(installation: Installation, body: bytes, links: int) -> int:
    """Import a file, kill the console when it has told of half of it, and import it again.

    Returns:
        How many links there are then.

    Raises:
        ChildFailed: the second time says something else of a line than that its link is there.
    """
    with closing(_connect(installation)) as connection:
        told: Sequence[bytes] = list(islice(_asked(connection, body), links // 2))
        for worker in workers_of_console(installation):
            worker.kill()
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not _is_live(installation):
        if time.monotonic() > deadline:
            raise ChildFailed("the console does not come back")
        time.sleep(_REST_SECONDS)
    last = _imported(installation, body)
    if last.get("created", 0) + last.get("unchanged", 0) != links or len(told) < links // 2:
        raise ChildFailed(f"of {links:,} links {last} was said after a kill")
    return len(installation.get("/api/v1/links/-/export?format=ndjson").splitlines())


@contextmanager
def growth(console: Sequence[psutil.Process]) -> Iterator[list[int]]:
    """Look at the console's memory for as long as something is done; yield by how much it grew."""
    before, over = _resident_bytes(console), threading.Event()
    grown = [0]

    def look() -> None:
        while not over.wait(_SAMPLE_SECONDS):
            grown.append(_resident_bytes(console) - before)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield grown
    finally:
        over.set()
        thread.join()


def _resident_bytes(console: Sequence[psutil.Process]) -> int:
    return sum(process.memory_info().rss for process in console)


def _imported(installation: Installation, body: bytes) -> dict[str, int]:
    """Return what is said last of an import."""
    with closing(_connect(installation)) as connection:
        *_, last = _asked(connection, body)
    found: dict[str, int] = json.loads(last)
    return found


def _asked(connection: HTTPConnection, body: bytes) -> HTTPResponse:
    """Return the lines of an answer as they come."""
    connection.request("POST", _PATH, body, {"Content-Type": "application/x-ndjson"})
    return connection.getresponse()


def _is_live(installation: Installation) -> bool:
    with suppress(OSError, HTTPException), closing(_connect(installation)) as connection:
        connection.request("GET", "/-/live")
        return connection.getresponse().status == 200
    return False


def _connect(installation: Installation) -> HTTPConnection:
    return HTTPConnection(installation.console, timeout=TIMEOUT_SECONDS)
