"""Page that shows how an installation fares, with its dead letters."""

from typing import Any, ClassVar

import falcon

from app.changes.trail import Trail
from app.console.api.rights import Rights, author_of, caller_of
from app.console.pages.links.making import VIA
from app.console.pages.site.address import Address
from app.console.pages.site.rendering import Site, see_other
from app.dead_letters.json import describe
from app.dead_letters.noted import NotedLetters
from app.dead_letters.shards import AllDeadLetters
from app.dead_letters.store import Choice, LetterNotFound
from app.health.system.minutes import STATES
from app.health.system.system import System
from app.keys.caller import Caller
from app.stores.redis.errors import RedisError

PATH = "/system"
_LETTERS = 20


class SystemPage:
    """Shows how everything fares, whatever of it is away."""

    rights: ClassVar[Rights] = {"GET": "system:read", "POST": "admin"}

    def __init__(self, site: Site, system: System, letters: AllDeadLetters, trail: Trail) -> None:
        self._site = site
        self._system = system
        self._letters = letters
        self._trail = trail

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer GET."""
        seen = self._system.look(caller_of(req))
        address = Address.read(PATH, req.query_string)
        values: dict[str, Any] = {
            "seen": seen,
            "bars": _bars(seen["redirect"]),
            "states": ("accepted", *STATES),
            "letters": self._newest(seen["dead_letters"], caller_of(req)),
            "done": address.first("done"),
        }
        self._site.show(req, resp, "system.html", **values)

    on_head = on_get

    def on_post(self, req: falcon.Request, _resp: falcon.Response) -> None:
        """Send a dead letter to the workers again, or throw it away.

        Raises:
            falcon.HTTPSeeOther: what became of it is told by the page.
        """
        fields = self._site.form(req)
        letter_id = "".join(fields.get("letter", [""])[:1])
        act = "".join(fields.get("act", [""])[:1])
        noted = NotedLetters(self._letters, self._trail, author_of(req, VIA))
        try:
            letter = self._letters.get(letter_id)
        except LetterNotFound as error:
            raise self._told(f"{error}.") from None
        outcome = (noted.purge if act == "purge" else noted.requeue)([letter])
        if outcome.refused:
            raise self._told(f"Not sent again: {outcome.refused[0]}.")
        if not outcome.changed:
            raise self._told("Somebody else was quicker: the letter is gone.")
        raise self._told("Thrown away." if act == "purge" else "Sent to the workers again.")

    def _newest(self, count: int | None, caller: Caller) -> list[dict[str, object]]:
        # A letter holds what a visitor's browser sent. None are asked for that couldn't be counted.
        if not count or not caller.may("admin"):
            return []
        try:
            return [describe(one) for one in self._letters.page(Choice(), _LETTERS).letters]
        except RedisError:
            # The page says already that Redis is away.
            return []

    def _told(self, text: str) -> falcon.HTTPSeeOther:
        return see_other(Address(PATH).with_(done=text))


def _bars(redirect: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return the buckets of the redirect's latency that hold answers, as long as they are many."""
    buckets = [each for each in (redirect or {}).get("buckets", ()) if each["answers"]]
    most = max((each["answers"] for each in buckets), default=1)
    return [{**each, "part": each["answers"] / most} for each in buckets]
