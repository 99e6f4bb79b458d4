"""The ids of clicks: new ones, or those of visits that a trusted proxy has named.

A proxy asks again when a worker dies before its answer. Both tries are one visit, and must be one
click: its id is derived from what the proxy says of the *visit*, which is the same at each try.

Rule 1: a visit is named by the two fields together that proxies commonly set: X-Request-ID, and
        X-Request-Start, when the proxy began to serve it. They count only from a trusted peer;
        anyone can send them.
Rule 2: the link, the visitor's address and the user agent take part, which a second try has in
        common with the first. So two visits aren't taken for one even if a proxy names many alike,
        unless one visitor follows one link twice in a millisecond.
Rule 3: a time far from our clock is no time of a visit that is going on; such a visit gets an id of
        its own, and is counted.
"""

import logging
import re
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b

from prometheus_client import Counter

from app.clicks.click import new_click_id
from app.clicks.click_ids import ClickIds
from app.http.trusted_peers import TrustedPeers
from app.logs.throttle import ThrottledLog

logger = logging.getLogger(__name__)

#: Farther in the past a proxy would have given up long ago; clocks differ by less than this.
MAX_AGE_MS = 60_000
MAX_AHEAD_MS = 5_000

#: As :mod:`app.http.request_ids` has it.
_LONGEST_ID = 128
#: Of a text that is longer than what is kept of it, the rest makes no difference.
_LONGEST_USER_AGENT = 1000
#: Unix time in seconds with a fraction (nginx, Envoy), in milliseconds (Heroku, Caddy) or finer.
_STARTED = re.compile(rb"(?:t=)?([0-9]{10})\.?([0-9]{3})[0-9]{0,6}")
_REMEMBERED_PEERS = 8192


class VisitIds:
    """Gives each visit the id of its click, as it stands in an entry: 32 hexadecimal digits.

    Belongs to one process, as :class:`~app.clicks.click_ids.ClickIds` does.

    Attributes:
        make: as :meth:`ClickIds.make`, for visits that nobody has named.
    """

    def __init__(self, trusted: Sequence[str] = (), refused: Counter | None = None) -> None:
        """Make a source of ids.

        Args:
            trusted: as for :class:`~app.http.trusted_peers.TrustedPeers`.
            refused: counter of names that can't be used, by one of
                :data:`app.metrics.redirect.MISNAMINGS`.
        """
        self.make = ClickIds().make
        self._trusts = lru_cache(_REMEMBERED_PEERS)(TrustedPeers(trusted).trusts)
        self._refused = refused
        self._throttled = ThrottledLog(logger)

    def of(
        self,
        now_ms: int,
        peer: str,
        request_id: bytes,
        started: bytes,
        code: bytes,
        address: bytes,
        user_agent: bytes,
    ) -> bytes:
        """Return the id of a named visit, the same at each try, or a new one.

        Args:
            now_ms: our clock, in Unix milliseconds.
            peer: who names it; '' on a Unix socket.
            request_id: the field X-Request-ID, '' if it is absent.
            started: the field X-Request-Start, '' if it is absent.
            address: the visitor's, as :mod:`app.redirect.visits.client_address` reads it.
        """
        if not (request_id and started and self._trusts(peer)):
            return self.make(now_ms)
        time = _STARTED.fullmatch(started)
        if time is None or len(request_id) > _LONGEST_ID:
            return self._refuse("malformed", now_ms)
        ms = int(time[1] + time[2])
        if not -MAX_AHEAD_MS <= now_ms - ms <= MAX_AGE_MS:
            return self._refuse("time", now_ms)
        # No field of a request holds a line end.
        named = b"\n".join((request_id, code, address, user_agent[:_LONGEST_USER_AGENT]))
        return new_click_id(ms, blake2b(named, digest_size=10).digest()).hex().encode()

    def _refuse(self, reason: str, now_ms: int) -> bytes:
        if self._refused is not None:
            self._refused.labels(reason).inc()
        self._throttled.warning(
            reason, "A proxy's X-Request-ID and X-Request-Start name no visit: %s", reason
        )
        return self.make(now_ms)


def id_ms(digits: bytes) -> int:
    """Return the time in an id's digits, in Unix milliseconds."""
    return int(digits[:12], 16)
