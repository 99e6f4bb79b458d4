"""Counter that holds limited links to their limit exactly: one in Redis decides for everybody.

Rule 1: a click is spent once, whoever asks how often: the counter knows the last clicks by their
        ids. So the second try of a proxy gets the answer of the first.
Rule 2: Redis may lose what it counted last. Who was let through shortly before is told to the next
        server that answers, ahead of all that visitors want of it; who is known there stays counted
        once. For a moment nobody new is let through, since other workers have to tell theirs, too.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol

import gevent
import hiredis

from app.links.link import Link
from app.redirect.links.answers import LookupUnavailable
from app.redirect.redis.pipeline import Pipeline
from app.redirect.redis.replies import PipelineError
from app.redirect.redis.resp import encode_command
from app.stores.keys import link_spent_key, link_uses_key
from app.stores.redis.errors import is_transient
from app.stores.scripts import script

logger = logging.getLogger(__name__)

#: Clicks that a link's counter knows by their ids, and for how long: a proxy's second try comes
#: within seconds, what a lost tail took is told again after an outage.
_KNOWN_CLICKS = 4096
_KNOWN_SECONDS = 3600
#: Other workers need as long to find a server that is back: the longest pause between two tries,
#: and the try.
_HOLD_SECONDS = 1.5
#: Spends that are kept, of some 100 bytes each: more than this in some seconds is no visitors'.
_KEPT_SPENDS = 50_000
#: Until what could not be told is tried again.
_AGAIN_SECONDS = 0.2
#: So many are told in one command.
_TOLD_AT_ONCE = 500

#: A link's code and the 16 bytes of a click's id.
Spend = tuple[str, bytes]


class Limits(Protocol):
    """What counts the clicks of limited links; see :class:`ClickLimits`, which is one."""

    def spend(self, link: Link, limit: int, click_id: bytes) -> bool:
        """Use up one click and tell whether it was still there to be used."""
        ...

    def are_left(self, link: Link, limit: int) -> bool:
        """Tell whether there are clicks left, using up none."""
        ...


class ClickLimits:
    """Spends the clicks of limited links; blocks the calling greenlet within the timeout.

    A click is spent before the visitor is answered. If the answer of Redis comes too late, it is
    spent though the visitor was asked to come back: the limit errs towards fewer visits.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        timeout_seconds: float,
        *,
        resend_seconds: float = 4.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make a counter.

        Args:
            timeout_seconds: how long Redis may be silent before visitors are asked to come back.
            resend_seconds: how long before the last sign of life of a server it may have counted
                what it lost.
            clock: the one that the pipeline's ``heard_at`` goes by.
        """
        self._pipeline = pipeline
        self._timeout_seconds = timeout_seconds
        self._resend_seconds = resend_seconds
        self._clock = clock
        self._spent: deque[tuple[float, Spend]] = deque(maxlen=_KEPT_SPENDS)
        self._owed: list[Spend] = []
        self._is_trying_again = False
        self._held_until = 0.0

    def spend(self, link: Link, limit: int, click_id: bytes) -> bool:
        """Use up one click and tell whether it was still there to be used.

        Args:
            click_id: its 16 bytes; asked again with the same ones, the answer is the same.

        Raises:
            LookupUnavailable: Redis is away, slow, or hears first what it may have lost.
        """
        if self._clock() < self._held_until:
            raise LookupUnavailable("the uses of limited links are being counted again")
        self._tell_owed()
        is_left = self._ask(link, _spend_command(link.code, limit, [click_id])) <= limit
        if is_left:
            self._keep((link.code, click_id))
        return is_left

    def are_left(self, link: Link, limit: int) -> bool:
        """Tell whether there are clicks left, using up none.

        Raises:
            LookupUnavailable: Redis is away or slow.
        """
        return self._ask(link, encode_command(b"GET", link_uses_key(link.code).encode())) < limit

    def tell_again(self) -> None:
        """Have another server count what the last one may have lost, before anything else."""
        oldest = self._pipeline.heard_at - self._resend_seconds
        self._owed += [spend for at, spend in self._spent if at >= oldest]
        self._spent.clear()
        self._hold()
        if self._owed:
            logger.warning("Counting the last %d uses of limited links again", len(self._owed))
            self._tell_owed()

    def give_away(self) -> list[Spend]:
        """Return what had to be counted again and was not, and count it no more."""
        owed, self._owed = self._owed, []
        return owed

    def owe(self, spends: list[Spend]) -> None:
        """Have these counted again as soon as can be."""
        self._owed += spends
        self._hold()
        if not self._is_trying_again:
            self._is_trying_again = True
            gevent.spawn_later(_AGAIN_SECONDS, self._try_again)

    def _ask(self, link: Link, command: bytes) -> int:
        silence_seconds = self._pipeline.oldest_age()
        if silence_seconds > self._timeout_seconds:
            raise LookupUnavailable("Redis is slow")
        try:
            left_seconds = self._timeout_seconds - silence_seconds
            return int(self._pipeline.call(command, left_seconds) or 0)
        except (PipelineError, hiredis.ReplyError, ValueError) as error:
            if isinstance(error, hiredis.ReplyError) and is_transient(str(error)):
                # A server that is still loading: only when it has done so can others tell theirs.
                self._hold()
            raise LookupUnavailable(f"uses of {link.code!r}: {error}") from error

    def _hold(self) -> None:
        self._held_until = self._clock() + _HOLD_SECONDS

    def _keep(self, spend: Spend) -> None:
        now = self._clock()
        while self._spent and self._spent[0][0] < now - self._resend_seconds:
            self._spent.popleft()
        self._spent.append((now, spend))

    def _tell_owed(self) -> None:
        owed, self._owed = self._owed, []
        for code, click_ids in _by_link(owed):
            command = _spend_command(code, 0, click_ids)
            told = [(code, click_id) for click_id in click_ids]
            try:
                self._pipeline.submit(command, partial(self._on_told, told))
            except PipelineError:
                self.owe(told)

    def _on_told(self, told: list[Spend], reply: object) -> None:
        if isinstance(reply, int):
            for spend in told:
                self._keep(spend)
        elif isinstance(reply, PipelineError) or is_transient(str(reply)):
            self.owe(told)
        else:
            logger.error(
                "%d uses of %r could not be counted again: %s", len(told), told[0][0], reply
            )

    def _try_again(self) -> None:
        while self._owed and not self._pipeline.connected.is_set():
            gevent.sleep(_AGAIN_SECONDS)
        self._is_trying_again = False
        self._tell_owed()


def _by_link(spends: Iterable[Spend]) -> Iterable[tuple[str, list[bytes]]]:
    """Yield each link's click ids, in order and not too many at once."""
    links: dict[str, list[bytes]] = {}
    for code, click_id in spends:
        links.setdefault(code, []).append(click_id)
    for code, click_ids in links.items():
        for start in range(0, len(click_ids), _TOLD_AT_ONCE):
            yield code, click_ids[start : start + _TOLD_AT_ONCE]


def _spend_command(code: str, limit: int, click_ids: list[bytes]) -> bytes:
    keys = (link_uses_key(code).encode(), link_spent_key(code).encode())
    bounds = (b"%d" % limit, b"%d" % _KNOWN_CLICKS, b"%d" % _KNOWN_SECONDS)
    return encode_command(b"EVAL", _SCRIPT, b"2", *keys, *bounds, *click_ids)


_SCRIPT = script("app.redirect.links", "spend").encode()
