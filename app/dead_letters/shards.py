"""Dead letters of all streams together, where clicks are spread over shards.

Letters of two shards may have one id, so here a shard's end with ``@`` and its tag; those of the
stream without shards have no such end.
"""

import heapq
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import NamedTuple

from app.config.settings import Settings
from app.config.shards import further_shards, shards_of
from app.dead_letters.letter import DeadLetter
from app.dead_letters.store import Choice, DeadLetters, LetterNotFound
from app.stores.redis.client import connect
from app.stores.shards import shard_tag
from app.times import EPOCH

#: Letters that a page looks at; where few are of its reason it is short, and quick all the same.
_MOST_LOOKED_AT = 2_000
_NUMBER = re.compile(rb"[0-9]{1,20}")
#: Milliseconds since 1970 of the year 9999.
_END_OF_TIME_MS = 253_370_764_800_000

#: Milliseconds, sequence and shard.
_Place = tuple[int, int, bytes]


class Page(NamedTuple):
    """A part of the letters.

    Attributes:
        after: id of the letter behind which the next page begins; None at the end.
    """

    letters: list[DeadLetter]
    after: str | None


class AllDeadLetters:
    """Finds, requeues and purges letters of every shard; raises as :class:`DeadLetters` does.

    Args:
        stores: the letters of each shard that is read, by its hash tag, '' for none.
        former: those of shards that may have been in use before.
    """

    def __init__(self, stores: dict[str, DeadLetters], former: Sequence[DeadLetters] = ()) -> None:
        self._stores = stores
        self._former = former

    def get(self, letter_id: str) -> DeadLetter:
        """Return one letter.

        Raises:
            LetterNotFound: there is none of this id.
        """
        plain, _, tag = letter_id.partition("@")
        if tag not in self._stores:
            raise LetterNotFound(f"{letter_id!r} is no letter's id: no shard is called {tag}")
        return _named(self._stores[tag].get(plain), tag)

    def find(self, choice: Choice, *, newest_first: bool = False) -> Iterator[DeadLetter]:
        """Yield the letters of a choice that were there when this began, in order."""
        found = (
            _all_named(letters.find(choice, newest_first=newest_first), tag)
            for tag, letters in self._stores.items()
        )
        return heapq.merge(*found, key=_place, reverse=newest_first)

    def page(self, choice: Choice, limit: int, after: str | None = None) -> Page:
        """Return some letters of a choice, the newest first.

        Args:
            limit: most letters of the page.
            after: id of the letter behind which it begins.
        """
        before = _place_of(after.encode()) if after else None
        until = choice.until
        if before and (end := _moment_after(before[0])) and (until is None or end < until):
            until = end
        found = self.find(Choice(since=choice.since, until=until), newest_first=True)
        behind = (one for one in found if before is None or _place(one) < before)
        letters: list[DeadLetter] = []
        last = ""
        for looked_at, letter in enumerate(behind):
            if len(letters) == limit or looked_at == _MOST_LOOKED_AT:
                return Page(letters, last)
            if choice.reason in (None, letter.fault.reason):
                letters.append(letter)
            last = letter.letter_id.decode()
        return Page(letters, None)

    def count(self) -> int:
        """Return how many letters there are."""
        return sum(letters.count() for letters in self._stores.values())

    def requeue(self, letter: DeadLetter) -> bool:
        """Move a letter's entry to the end of the stream that it was in; as DeadLetters.requeue."""
        plain, letters = self._store_of(letter)
        return letters.requeue(plain)

    def purge(self, letter: DeadLetter) -> bool:
        """Delete a letter for good; False when it was gone."""
        plain, letters = self._store_of(letter)
        return letters.purge(plain)

    def purged(self, since_ms: int) -> Iterator[tuple[int, bytes]]:
        """Yield time and id of the purged clicks of a Unix time and younger, of any shard ever."""
        stores = (*self._stores.values(), *self._former)
        return chain.from_iterable(letters.purged(since_ms) for letters in stores)

    def _store_of(self, letter: DeadLetter) -> tuple[DeadLetter, DeadLetters]:
        letter_id, _, tag = letter.letter_id.partition(b"@")
        return letter._replace(letter_id=letter_id), self._stores[tag.decode()]


def open_all_dead_letters(settings: Settings) -> AllDeadLetters:
    """Return the dead letters of every shard of an installation; they connect when first used."""
    client = connect(settings.redis_url, timeout_seconds=settings.redis_timeout_seconds)

    def letters_of(shard: Settings) -> DeadLetters:
        names = {"stream": shard.stream, "dead_stream": shard.dead_stream}
        return DeadLetters(client, settings.redis_url, **names)

    return AllDeadLetters(
        {shard_tag(shard.stream): letters_of(shard) for shard in shards_of(settings)},
        [letters_of(shard) for shard in further_shards(settings)],
    )


def _all_named(letters: Iterator[DeadLetter], tag: str) -> Iterator[DeadLetter]:
    return (_named(letter, tag) for letter in letters)


def _named(letter: DeadLetter, tag: str) -> DeadLetter:
    return letter._replace(letter_id=letter.letter_id + b"@" + tag.encode()) if tag else letter


def _place(letter: DeadLetter) -> _Place:
    return _place_of(letter.letter_id)


def _place_of(letter_id: bytes) -> _Place:
    """Return where a letter stands among those of all shards; of what is no id, the beginning."""
    plain, _, tag = letter_id.partition(b"@")
    ms, _, sequence = plain.partition(b"-")
    if not (_NUMBER.fullmatch(ms) and _NUMBER.fullmatch(sequence)):
        return 0, 0, b""
    return int(ms), int(sequence), tag


def _moment_after(unix_ms: int) -> datetime | None:
    """Return the millisecond after one; None where that is too far away for a time."""
    return EPOCH + timedelta(milliseconds=unix_ms + 1) if unix_ms < _END_OF_TIME_MS else None
