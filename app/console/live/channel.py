"""Channel that says which clicks are for whom, and samples where there are more than are sent.

Who asks the same shares one, so that what is made for one is made for all.
"""

from collections.abc import Sequence
from typing import NamedTuple

from app.live.event import SeenClick, Tick

#: Clicks of a second that are sent: more than anybody can read, and little to send to hundreds.
MOST_PER_SECOND = 50
#: Turns of a second.
TURNS = 5


class Question(NamedTuple):
    """Which clicks somebody wants to see.

    Attributes:
        code: '' for any.
        tag: that the link carries, '' for any.
        people_only: whether clicks of programs are left out.
        tags: of which the link has to carry one, for a key that is restricted to them.
    """

    code: str = ""
    tag: str = ""
    people_only: bool = False
    tags: tuple[str, ...] = ()

    @property
    def needs_tags(self) -> bool:
        """Whether links have to be looked up."""
        return bool(self.tag or self.tags)

    def matches(self, seen: SeenClick) -> bool:
        """Tell whether a click is asked for."""
        if self.code and self.code != seen.click.short_code:
            return False
        if self.people_only and seen.verdict.name:
            return False
        if self.tag and self.tag not in seen.tags:
            return False
        return not self.tags or not set(self.tags).isdisjoint(seen.tags)


class Channel:
    """Clicks that answer a question, within a bounded rate."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.matched = 0
        self.sent = 0

    def take(self, seen: Sequence[SeenClick]) -> list[SeenClick]:
        """Return those that are to be sent of the clicks of a turn."""
        found = [each for each in seen if self.question.matches(each)]
        chosen = sample(found, MOST_PER_SECOND // TURNS)
        self.matched += len(found)
        self.sent += len(chosen)
        return chosen

    def tick(self, tick: Tick) -> Tick:
        """Return what a second was like for this question, and begin the next one.

        Who sees some links alone is not told of the others, not even how many clicks they had.
        """
        is_sampled = self.sent < self.matched or tick.is_sampled
        told = Tick(
            time_ms=tick.time_ms,
            event_id=tick.event_id,
            added=None if self.question.tags else tick.added,
            read=None if self.question.tags else tick.read,
            matched=self.matched,
            sent=self.sent,
            is_sampled=is_sampled,
            is_redis_away=tick.is_redis_away,
        )
        self.matched = self.sent = 0
        return told


def sample(seen: Sequence[SeenClick], most: int) -> list[SeenClick]:
    """Return some clicks at most, at even distances and in their order."""
    if len(seen) <= most:
        return list(seen)
    return [seen[number * len(seen) // most] for number in range(most)]
