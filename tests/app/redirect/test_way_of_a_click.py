"""The way of a click through the code, followed call by call from received bytes to XADD."""

import socket
import sys
from pathlib import Path
from types import SimpleNamespace

import gevent
import pytest
from redis import Redis

from app.links.link import encode
from app.redirect.fast_lane import RedirectFastLane
from app.redirect.server.accept_balancing import SlotTable, WorkerSlot
from app.redirect.server.connection import Connection
from app.redirect.server.dispatch import PlainHandler
from app.redirect.server.event_loop import ConnectionServer
from app.redirect.server.request_parser import Limits, RequestParser
from app.redirect.server.timeouts import Timeouts
from app.redirect.service import RedirectService
from app.stores.keys import link_key
from tests.support.producers import STREAM
from tests.support.redirect.fakes import link
from tests.support.redirect.waiting import wait_until

ROOT = Path(__file__).parents[3]
REQUEST = b"GET /demo HTTP/1.1\r\nHost: h\r\nUser-Agent: Mozilla/5.0\r\n\r\n"


class Calls:
    """Calls from one module of ours into another, in order, until commands are written.

    Of those into metrics nothing comes back: they are left out.
    """

    def __init__(self) -> None:
        self.made: list[tuple[str, str]] = []

    def note(self, frame, event, called) -> None:
        if event == "call":
            caller, module = frame.f_back, frame.f_globals["__name__"]
            self._note(caller.f_globals["__name__"] if caller else "", module)
            if frame.f_code.co_qualname == "WriteBuffer._write":
                sys.setprofile(None)
        elif event == "c_call":
            owner = getattr(called, "__self__", None)
            module = getattr(called, "__module__", None) or type(owner).__module__
            self._note(frame.f_globals["__name__"], module)

    def _note(self, caller: str, module: str) -> None:
        is_ours = caller.startswith("app.") and module.startswith("app.")
        if is_ours and caller != module and not module.startswith("app.metrics."):
            self.made.append((caller, module))

    def modules(self) -> list[str]:
        """Return all that were passed, in order."""
        return list(dict.fromkeys(module for call in self.made for module in call))


@pytest.fixture
def client(redis_url, make_settings):
    """A client of a worker's parts, with one link that is in memory."""
    with Redis.from_url(redis_url) as redis:
        redis.set(link_key("demo"), encode(link(code="demo")))
    service = RedirectService(
        make_settings(redis_url=redis_url, lookup_budget_ms=30_000, record_budget_ms=30_000)
    )
    service.start()
    fast = RedirectFastLane(service.collaborators, service.metrics)
    server = ConnectionServer(
        [],
        RequestParser(Limits()),
        SimpleNamespace(take_plain=PlainHandler(fast, Limits()).take, dispatch=pytest.fail),
        Timeouts(),
        capacity=10,
        slot=WorkerSlot(SlotTable(), 0),
        fallbacks=(),
        metrics=service.metrics,
    )
    server.start()
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    with theirs:
        Connection(server._tick, None, ours, ("127.0.0.1", 1))
        wait_until(lambda: service.redis.lookup.is_watching)
        service.redis.lookup.get("demo")
        yield theirs
        server.close_all()
        service.close()


def visit(client: socket.socket) -> bytes:
    client.sendall(REQUEST)
    answers: list[bytes] = []

    def is_answered() -> bool:
        try:
            answers.append(client.recv(1000))
        except BlockingIOError:
            return False
        return True

    wait_until(is_answered)
    return answers[0]


def test_a_click_passes_the_modules_that_the_map_counts_and_never_goes_back(client, redis_url):
    assert visit(client).startswith(b"HTTP/1.1 302")
    calls = Calls()
    gevent.get_hub().loop.run_callback(sys.setprofile, calls.note)
    gevent.sleep(0)
    assert visit(client).startswith(b"HTTP/1.1 302")
    with Redis.from_url(redis_url) as redis:
        assert redis.xlen(STREAM) == 2
    passed = calls.modules()
    back = {module for caller, module in calls.made if passed.index(module) < passed.index(caller)}
    assert back == {Connection.__module__}
    walk = (ROOT / "docs" / "architecture.md").read_text().partition("## A click on its way out")[0]
    assert len(passed) == 13, passed
    assert "Thirteen modules are passed up to XADD, two of them in C" in walk
    for module in passed:
        assert f"`{module.replace('.', '/')}." in walk
