"""Moments from a change by the interface until it holds elsewhere, and waits at a steady rate."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException

import psutil

from app.processes.child import ChildFailed
from loadtest.bench_reports.installation import Installation
from loadtest.common.latencies import Latencies
from loadtest.common.ports import free_port
from loadtest.common.processes import below

_TIMEOUT_SECONDS = 60.0
_LOOK_SECONDS = 0.05
#: Connections on which requests come at a rate.
_AT_ONCE = 8
#: Connections that are opened at most until each worker of the redirect has one.
_MOST_CONNECTIONS = 64

Ask = Callable[[HTTPConnection, int], None]


def waits_at(rate: float, seconds: float, console: str, ask: Ask) -> Latencies:
    """Return how long answers take at a steady rate, from when each request was due.

    Args:
        rate: requests a second, whether answers come or not.
        ask: is given a connection and the request's number; raises unless it is answered well.
    """
    began = time.monotonic() + _LOOK_SECONDS

    def run(first: int) -> Latencies:
        waits = Latencies()
        with closing(HTTPConnection(console, timeout=_TIMEOUT_SECONDS)) as connection:
            for number in range(first, round(rate * seconds), _AT_ONCE):
                due = began + number / rate
                time.sleep(max(0.0, due - time.monotonic()))
                ask(connection, number)
                waits.add(time.monotonic() - due)
        return waits

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return Latencies.merged(*pool.map(run, range(_AT_ONCE)))


def heard_after(installation: Installation, times: int) -> Latencies:
    """Return how long after its answer a new link redirects on every worker, each of which was just
    told that there is none.

    Raises:
        ChildFailed: one doesn't at all.
    """
    waits = Latencies()
    with ExitStack() as stack:
        console = stack.enter_context(closing(_connect(installation.console)))
        visitors = list(stack.enter_context(_at_every_worker(installation)))
        for number in range(times):
            code = f"heard{number}"
            if {_status(visitor, "GET", f"/{code}") for visitor in visitors} != {404}:
                raise ChildFailed(f"{code} is a link already")
            link = {"code": code, "target": "https://example.com/heard"}
            answered(console, "POST", "/api/v1/links", link)
            began = time.monotonic()
            for visitor in visitors:
                _wait_for(302, visitor, f"/{code}")
            waits.add(time.monotonic() - began)
    return waits


def refused_after(installation: Installation, times: int) -> Latencies:
    """Return how long after its revocation a key is refused by both of two consoles.

    From the first key on a request needs one, so nothing else is measured behind this.

    Raises:
        ChildFailed: one goes on taking it, or does not start.
    """
    waits, other = Latencies(), f"127.0.0.1:{free_port()}"
    with ExitStack() as stack:
        # Before a connection is opened that would rest meanwhile, and be closed.
        stack.enter_context(_second_console(installation, other))
        first = stack.enter_context(closing(_connect(installation.console)))
        admin = answered(first, "POST", "/api/v1/keys", {"name": "bench", "scopes": ["admin"]})
        second = stack.enter_context(closing(_connect(other)))
        for number in range(times):
            new = {"name": f"bench {number}", "scopes": ["links:read"]}
            key = answered(first, "POST", "/api/v1/keys", new, admin["key"])
            for console in (first, second):
                _wait_for(200, console, "/api/v1/me", key["key"])
            answered(first, "POST", f"/api/v1/keys/{key['id']}/revoke", {}, admin["key"])
            began = time.monotonic()
            for console in (first, second):
                _wait_for(401, console, "/api/v1/me", key["key"])
            waits.add(time.monotonic() - began)
    return waits


def answered(
    connection: HTTPConnection, method: str, path: str, body: object = None, key: str = ""
) -> dict[str, str]:
    """Return what a request is answered with.

    Raises:
        ChildFailed: by another status than 200 and 201.
    """
    status, text = _exchange(connection, method, path, body, key)
    if status not in (200, 201):
        raise ChildFailed(f"{method} {path} is answered by {status}: {text[:200]!r}")
    found: dict[str, str] = json.loads(text)
    return found


def _status(connection: HTTPConnection, method: str, path: str, key: str = "") -> int:
    return _exchange(connection, method, path, None, key)[0]


def _exchange(
    connection: HTTPConnection, method: str, path: str, body: object, key: str
) -> tuple[int, bytes]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    sent = None if body is None else json.dumps(body).encode()
    if sent is not None:
        headers["Content-Type"] = "application/json"
    connection.request(method, path, sent, headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def _wait_for(status: int, connection: HTTPConnection, path: str, key: str = "") -> None:
    """Ask until it is answered so, without a pause."""
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while (found := _status(connection, "GET", path, key)) != status:
        if time.monotonic() > deadline:
            raise ChildFailed(f"{path} is answered by {found}, not {status}")


def _connect(server: str) -> HTTPConnection:
    return HTTPConnection(server, timeout=_TIMEOUT_SECONDS)


@contextmanager
def _at_every_worker(installation: Installation) -> Iterator[Sequence[HTTPConnection]]:
    """Yield connections of which each worker of the redirect has at least one."""
    workers = below(installation.up_pid, "gunicorn: worker [hopline-redirect]")
    with ExitStack() as stack:
        opened: list[HTTPConnection] = []
        while not workers or not all(_has_visitor(worker, opened) for worker in workers):
            if len(opened) == _MOST_CONNECTIONS or not workers:
                raise ChildFailed(f"{len(workers)} workers of the redirect were not all reached")
            opened.append(stack.enter_context(closing(_connect(installation.redirect))))
            _status(opened[-1], "GET", "/-/live")
        yield opened


def _has_visitor(worker: psutil.Process, opened: Sequence[HTTPConnection]) -> bool:
    ours = {visitor.sock.getsockname()[1] for visitor in opened if visitor.sock}
    return any(each.raddr and each.raddr.port in ours for each in worker.net_connections())


@contextmanager
def _second_console(installation: Installation, bind: str) -> Iterator[None]:
    """Have another process serve the console until the end."""
    with installation.started("console", HOPLINE_CONSOLE_BIND=bind) as process:
        try:
            deadline = time.monotonic() + _TIMEOUT_SECONDS
            while not _is_live(bind):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise ChildFailed("a second console does not start")
                time.sleep(_LOOK_SECONDS)
            yield
        finally:
            process.terminate()


def _is_live(bind: str) -> bool:
    with suppress(OSError, HTTPException), closing(_connect(bind)) as connection:
        return _status(connection, "GET", "/-/live") == 200
    return False
