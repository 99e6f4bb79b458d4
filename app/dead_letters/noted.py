"""Use cases that change dead letters, each of which leaves a line in the trail of changes.

Letters and trail lie in different slots, so a line is written the step before its change, and taken
back where nothing was changed: a kill between may leave a line of a change that wasn't made, but no
change without a line.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from app.changes.author import Author
from app.changes.change import Change, What
from app.changes.trail import Trail
from app.dead_letters.letter import DeadLetter
from app.dead_letters.shards import AllDeadLetters
from app.dead_letters.store import CannotRequeue


class Outcome(NamedTuple):
    """What became of letters: how many were changed, and why others can't be."""

    changed: int
    refused: list[str]


class NotedLetters:
    """Requeues and purges letters; raises RedisUnavailable or RedisRefused as its stores do."""

    def __init__(self, letters: AllDeadLetters, trail: Trail, author: Author) -> None:
        self._letters = letters
        self._trail = trail
        self._author = author

    def requeue(self, chosen: Sequence[DeadLetter]) -> Outcome:
        """Move the letters' entries to the end of the streams that they were in."""
        return self._change("letter.requeued", chosen, self._letters.requeue)

    def purge(self, chosen: Sequence[DeadLetter]) -> Outcome:
        """Delete letters for good."""
        return self._change("letter.purged", chosen, self._letters.purge)

    def _change(
        self, what: What, chosen: Sequence[DeadLetter], change: Callable[[DeadLetter], bool]
    ) -> Outcome:
        line = _line(what, chosen, self._author)
        line_id = self._trail.write(line)
        changed, refused = 0, []
        for letter in chosen:
            try:
                changed += change(letter)
            except CannotRequeue as error:
                refused.append(str(error))
        if not changed:
            self._trail.take_back(line_id, line.subject)
        return Outcome(changed, refused)


def _line(what: What, chosen: Sequence[DeadLetter], author: Author) -> Change:
    reasons = sorted({letter.fault.reason for letter in chosen})
    subject = chosen[0].letter_id.decode() if len(chosen) == 1 else ""
    return Change(what, subject, author, before={"reason": reasons}, count=len(chosen))
