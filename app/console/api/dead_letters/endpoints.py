"""Endpoints that show dead letters, send them to the workers again, or throw them away.

All take the scope admin: a letter holds what a visitor's browser sent, address and all.
"""

from typing import ClassVar
from urllib.parse import urlencode

import falcon

from app.changes.trail import Trail
from app.console.api.dead_letters.models import LETTER, LETTERS, REQUEUE
from app.console.api.dead_letters.paging import read_page, utc_now, write_cursor
from app.console.api.openapi import Route
from app.console.api.problem import Problem
from app.console.api.rights import Rights, author_of
from app.dead_letters.json import describe
from app.dead_letters.letter import DeadLetter
from app.dead_letters.noted import NotedLetters
from app.dead_letters.shards import AllDeadLetters
from app.dead_letters.store import LetterNotFound

PATH = "/api/v1/dead-letters"


def dead_letter_routes(letters: AllDeadLetters, trail: Trail) -> list[Route]:
    """Return the routes of the dead letters."""
    return [
        Route(PATH, Letters(letters), LETTERS),
        Route(f"{PATH}/{{id}}", OneLetter(letters, trail), LETTER),
        Route(f"{PATH}/{{id}}/requeue", Requeue(letters, trail), REQUEUE),
    ]


class Letters:
    """The dead letters."""

    rights: ClassVar[Rights] = {"GET": "admin"}

    def __init__(self, letters: AllDeadLetters) -> None:
        self._letters = letters

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List clicks that could not be processed, the newest first."""
        asked = read_page(req.params, utc_now)
        page = self._letters.page(asked.choice, asked.limit, asked.after)
        cursor = write_cursor(asked, page.after) if page.after else None
        resp.media = {"data": [describe(one) for one in page.letters], "next_cursor": cursor}
        if cursor:
            following = {**asked.filters, "limit": asked.limit, "cursor": cursor}
            resp.append_link(f"{PATH}?{urlencode(following)}", "next")

    on_head = on_get


class _OfOne:
    """Finds and changes a letter."""

    def __init__(self, letters: AllDeadLetters, trail: Trail) -> None:
        self._letters = letters
        self._trail = trail

    def find(self, letter_id: str) -> DeadLetter:
        """Return a letter.

        Raises:
            LetterNotFound: there is none of this id.
        """
        return self._letters.get(letter_id)

    def noted(self, req: falcon.Request) -> NotedLetters:
        """Return what changes letters for who asks."""
        return NotedLetters(self._letters, self._trail, author_of(req))


class OneLetter(_OfOne):
    """One dead letter."""

    rights: ClassVar[Rights] = {"GET": "admin", "DELETE": "admin"}

    def on_get(self, _: falcon.Request, resp: falcon.Response, id: str) -> None:  # noqa: A002
        """Show why a click could not be processed, and every field as it came."""
        resp.media = describe(self.find(id))

    on_head = on_get

    def on_delete(self, req: falcon.Request, resp: falcon.Response, id: str) -> None:  # noqa: A002
        """Throw a click away for good: it is in no report."""
        if not self.noted(req).purge([self.find(id)]).changed:
            raise _gone(id)
        resp.status = falcon.HTTP_204


class Requeue(_OfOne):
    """Sends a dead letter to the workers again."""

    rights: ClassVar[Rights] = {"POST": "admin"}

    def on_post(self, req: falcon.Request, resp: falcon.Response, id: str) -> None:  # noqa: A002
        """Send a click to the workers again, as it came; it keeps its id and counts once."""
        outcome = self.noted(req).requeue([self.find(id)])
        if outcome.refused:
            raise Problem("letter-incomplete", f"{outcome.refused[0]}.")
        if not outcome.changed:
            raise _gone(id)
        resp.status = falcon.HTTP_204


def _gone(letter_id: str) -> LetterNotFound:
    return LetterNotFound(f"somebody else requeued or purged {letter_id} meanwhile")
