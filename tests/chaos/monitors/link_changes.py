"""Monitor that changes links while visitors follow them, and notes which state held when."""

import itertools
import logging
from typing import NamedTuple

from app.links.link import CorruptLink, LinkContended, decode
from app.links.store import open_store
from app.stores.redis.errors import RedisError
from tests.chaos.testbed.testbed import Testbed
from tests.chaos.visitors.client_log import now_ms
from tests.chaos.visitors.codes import MOVING, target_of, version_of
from tests.support.background import Background

logger = logging.getLogger(__name__)

#: A link that is switched off sends nobody anywhere.
DISABLED = -2
_EVERY_SECONDS = 0.4
#: One change in so many switches a link off, and the next of it on again.
_DISABLES_EVERY = 5
_AWAY = (RedisError, LinkContended, CorruptLink, OSError)


class Truth(NamedTuple):
    """Which version each moving link has on the master, at a Unix time in milliseconds.

    Attributes:
        versions: by code; None when the master can't be asked.
    """

    at_ms: int
    versions: dict[str, int] | None


class Change(NamedTuple):
    """A change of a link.

    Attributes:
        at_ms: when it was confirmed; where nobody knows what became of it, when it was begun.
        is_confirmed: whether Redis said that it is done. It may have been done without.
    """

    at_ms: int
    code: str
    version: int
    is_confirmed: bool = True


class LinkChanges(Background):
    """Changes the moving links by turns, as a context manager.

    Attributes:
        truths: what was read after each change, over a connection that is new each time.
        changes: in the order in which they were made.
    """

    def __init__(self, testbed: Testbed) -> None:
        super().__init__()
        self.truths: list[Truth] = []
        self.changes: list[Change] = []
        self._testbed = testbed

    def _work(self) -> None:
        codes = itertools.cycle(MOVING)
        for version in itertools.count(1):
            self._change(next(codes), version)
            self._read()
            if self._is_over.wait(_EVERY_SECONDS):
                return

    def _change(self, code: str, version: int) -> None:
        is_off = version % _DISABLES_EVERY == 0
        given = {"disabled": True} if is_off else {"disabled": False, "target": target_of(version)}
        begun_ms, to_version = now_ms(), DISABLED if is_off else version
        try:
            open_store(self._testbed.settings).update(code, given)
        except _AWAY as error:
            logger.debug("%s may not be changed: %s", code, error)
            self.changes.append(Change(begun_ms, code, to_version, is_confirmed=False))
            return
        self.changes.append(Change(now_ms(), code, to_version))

    def _read(self) -> None:
        try:
            raws = open_store(self._testbed.settings).peek(MOVING)
            versions = dict(zip(MOVING, map(_version, MOVING, raws), strict=True))
        except _AWAY:
            self.truths.append(Truth(now_ms(), None))
            return
        self.truths.append(Truth(now_ms(), versions))


def _version(code: str, raw: bytes | None) -> int:
    link = decode(code, raw or b"")
    return DISABLED if link.disabled else version_of(link.target)
