"""What the fast lane takes, and what it leaves to Falcon."""

import time
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry

from app.config.types import _TAKEN_HEADERS
from app.links.link import Link
from app.metrics.redirect import RedirectMetrics
from app.redirect.fast_lane import RedirectFastLane
from app.redirect.server.fast_parser import PlainReader
from app.redirect.visits.click_ids import VisitIds
from app.redirect.visits.client_address import ClientAddress
from app.redirect.visits.count_only import CountOnly
from app.redirect.visits.xadd_encoder import XaddEncoder
from tests.support.redirect.kinds_of_links import LINKS, PLAIN


class _Recorder:
    def __init__(self) -> None:
        self.commands: list[bytes] = []

    def record(self, command: bytes, done) -> None:
        self.commands.append(command)
        done()


def _known(code: str) -> Link | None:
    return next((link for link in LINKS if link.code == code), None)


def _lane(cached: Callable[[str], Link | None], recorder: _Recorder) -> RedirectFastLane:
    collaborators = SimpleNamespace(
        lookup=SimpleNamespace(cached=cached),
        recorder=recorder,
        encoder=XaddEncoder("s", 10),
        client_address=ClientAddress(()),
        wall_clock=time.time,
        visit_ids=VisitIds(),
        is_bot=bool,
        is_only_counted=CountOnly("off"),
    )
    return RedirectFastLane(collaborators, RedirectMetrics(CollectorRegistry()))


def test_no_header_of_another_meaning_can_be_named_for_the_address() -> None:
    own = {*_lane(_known, _Recorder()).positions} - {b"x-forwarded-for", b"forwarded"}
    assert {name.decode() for name in own} <= _TAKEN_HEADERS


def test_answers_of_long_targets_are_kept_ready_within_bounds_in_bytes() -> None:
    long = "https://a.example/" + "x" * 7_900
    lane = _lane(lambda code: replace(PLAIN, code=code, target=long), _Recorder())
    for number in range(6_000):
        assert lane._find(b"/c%d" % number, b"", 0.0)
    assert sum(len(ready.rest) + len(ready.parts.tail) for ready in lane._ready.values()) < 70 << 20


@pytest.fixture
def taken() -> Callable[[bytes], list[bytes]]:
    """A function that returns the parts of the fast lane's answer, none if it declined."""
    recorder = _Recorder()
    lane = _lane(_known, recorder)

    def take(head: bytes) -> list[bytes]:
        request = PlainReader(lane.positions, 4094, 100, 8190, 65_536).read(head + b"\r\n\r\n")
        if request is None:
            return []
        answers: list[bytes] = []
        is_taken = lane(*request[2:], ("127.0.0.1", 1), lambda *parts: answers.extend(parts))
        assert is_taken == bool(answers) == bool(recorder.commands)
        return answers

    return take


@pytest.mark.parametrize(
    "head",
    [
        b"GET /plain HTTP/1.1\r\nHost: a\r\nUser-Agent: b\r\nReferer: https://c/",
        b"GET /plain?utm_source=mail HTTP/1.1\r\nHost: a",
        b"GET /Moved-1 HTTP/1.1\r\nHost: a\r\nConnection: Keep-Alive",
        b"GET /forward HTTP/1.1\r\nHost: a",
        b"GET /later HTTP/1.1\r\nHost: a",
    ],
)
def test_common_visits_are_taken(taken, head: bytes) -> None:
    status_line, rest = taken(head)
    assert status_line.startswith(b"HTTP/1.1 30")
    assert rest.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    "head",
    [
        b"HEAD /plain HTTP/1.1\r\nHost: a",
        b"GET /plain+ HTTP/1.1\r\nHost: a",
        b"GET /nothing HTTP/1.1\r\nHost: a",
        b"GET /forward?a=b HTTP/1.1\r\nHost: a",
        b"GET /few HTTP/1.1\r\nHost: a",
        b"GET /over HTTP/1.1\r\nHost: a",
        b"GET /off HTTP/1.1\r\nHost: a",
        b"GET /gone HTTP/1.1\r\nHost: a",
        b"GET http://a/plain HTTP/1.1\r\nHost: a",
        b"GET /plain HTTP/1.1\r\nHost: a\r\nSec-Purpose: prefetch",
        b"GET /plain HTTP/1.1\r\nHost: a\r\nReferer: b\r\nreferer: c",
        b"GET /plain HTTP/1.1\r\nHost: a\r\nContent-Length: 1",
        b"GET /plain HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked",
        b"GET /plain HTTP/1.1\r\nHost: a\r\nExpect: 100-continue",
        b"GET /plain HTTP/1.1\r\nHost: a\r\nUpgrade: websocket",
        b"GET /plain HTTP/1.0",
    ],
)
def test_whatever_else_there_may_be_is_left_to_falcon(taken, head: bytes) -> None:
    assert taken(head) == []
