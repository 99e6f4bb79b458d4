"""Monitor that disables one link after the other, and sees when each redirect service heard it."""

import itertools
import logging
import time
from typing import NamedTuple

from app.links.link import CorruptLink, LinkContended, decode
from app.links.store import open_store
from app.local.ports import http_status
from app.stores.redis.errors import RedisError
from tests.chaos.visitors.client_log import now_ms
from tests.ha.testbed.testbed import FOUND, Testbed
from tests.support.background import Background

logger = logging.getLogger(__name__)

_EVERY_SECONDS = 0.3
_AGAIN_SECONDS = 0.05
_LOOK_SECONDS = 0.01
#: Who has not heard by then is not waited for any longer.
_PATIENCE_SECONDS = 8.0
_AWAY = (RedisError, LinkContended, CorruptLink, OSError)


class Switch(NamedTuple):
    """A link that was disabled, in Unix milliseconds.

    Attributes:
        confirmed_ms: when the master said that it is done.
        heard_ms: by service, when it was first seen to redirect no more; None for never.
    """

    code: str
    confirmed_ms: int
    heard_ms: tuple[int | None, ...]


class LinkSwitches(Background):
    """Disables links by turns, as a context manager.

    Attributes:
        switches: in order.
    """

    def __init__(self, testbed: Testbed) -> None:
        super().__init__()
        self.switches: list[Switch] = []
        self._testbed = testbed

    def _work(self) -> None:
        for code in self._testbed.switched_codes:
            if self._is_over.wait(_EVERY_SECONDS):
                return
            # What a service has not in memory it would look up anyway.
            for bind in self._testbed.ways.values():
                http_status(bind, f"/{code}")
            confirmed_ms = self._disable(code)
            if confirmed_ms is None:
                return
            self.switches.append(Switch(code, confirmed_ms, self._watch(code)))

    def _disable(self, code: str) -> int | None:
        """Try until it is done; return when, or None when the run is over before."""
        store = open_store(self._testbed.settings)
        while not self._is_over.is_set():
            try:
                store.update(code, {"disabled": True})
            except _AWAY as error:
                logger.debug("%s may not be disabled: %s", code, error)
                self._is_over.wait(_AGAIN_SECONDS)
            else:
                return now_ms()
        return None

    def _watch(self, code: str) -> tuple[int | None, ...]:
        binds = self._testbed.ways.values()
        heard: dict[str, int] = {}
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while len(heard) < len(binds) and time.monotonic() < deadline:
            for bind in binds:
                if bind not in heard and http_status(bind, f"/{code}") != FOUND:
                    heard[bind] = now_ms()
            time.sleep(_LOOK_SECONDS)
        return tuple(heard.get(bind) for bind in binds)


def held(testbed: Testbed, switches: list[Switch]) -> set[str]:
    """Return which of them the master holds as disabled."""
    codes = [one.code for one in switches]
    raws = open_store(testbed.settings).peek(codes)
    links = (decode(code, raw or b"") for code, raw in zip(codes, raws, strict=True))
    return {code for code, link in zip(codes, links, strict=True) if link.disabled}


def astray(testbed: Testbed, codes: set[str]) -> list[str]:
    """Return which disabled links a service still redirects by."""
    return [
        f"{code} at {bind}"
        for code, bind in itertools.product(sorted(codes), testbed.ways.values())
        if http_status(bind, f"/{code}") == FOUND
    ]
