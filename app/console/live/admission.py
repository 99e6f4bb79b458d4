"""Admission that tells which of those who watch may not see clicks any more, and why."""

from collections.abc import Callable, Collection
from typing import Literal, NamedTuple

from app.keys.caller import ANYBODY, GO_BETWEEN, TOKEN_HOLDER, Caller
from app.keys.lookup import KeyLookup
from app.keys.sessions import Sessions

#: What ended: the key that opened it, or the session of a browser, by signing out or by its age.
Ended = Literal["key", "session"]


class Viewer(NamedTuple):
    """Who watches.

    Attributes:
        session: what the browser's cookie holds, '' for who sends a key or needs none.
    """

    caller: Caller
    session: str = ""


class Admission:
    """Asks anew of who was let in.

    Args:
        now: clock in Unix seconds.
    """

    def __init__(self, keys: KeyLookup, sessions: Sessions, now: Callable[[], float]) -> None:
        self._keys = keys
        self._sessions = sessions
        self._now = now

    def ended(self, viewers: Collection[Viewer]) -> dict[Viewer, Ended]:
        """Return who has to leave.

        Raises:
            RedisUnavailable, RedisRefused: Redis doesn't do its part.
        """
        is_open = self._sessions.open_among(each.session for each in viewers if each.session)
        gone: dict[Viewer, Ended] = {
            each: "session" for each in viewers if each.session and each.session not in is_open
        }
        callers = {each.caller for each in viewers}
        refused = {caller for caller in callers if not self._admits(caller)}
        return gone | dict.fromkeys((each for each in viewers if each.caller in refused), "key")

    def _admits(self, caller: Caller) -> bool:
        if caller == TOKEN_HOLDER:
            return True
        if caller in (ANYBODY, GO_BETWEEN):
            return not self._keys.has_keys()
        key = self._keys.find(caller.id)
        return key is not None and key.state(self._now()) == "live"
