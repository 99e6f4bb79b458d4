"""Dead letters of all streams together, where clicks are spread over shards.

Letters of two shards may have one id, so here a shard's end with ``@`` and its tag; those of the
stream without shards have no such end.
"""

import heapq
from collections.abc import Iterator, Sequence
from itertools import chain

from app.config.settings import Settings
from app.config.shards import further_shards, shards_of
from app.dead_letters.letter import DeadLetter
from app.dead_letters.store import Choice, DeadLetters, LetterNotFound
from app.stores.redis.client import connect
from app.stores.shards import shard_tag


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


def _place(letter: DeadLetter) -> tuple[int, int]:
    ms, _, sequence = letter.letter_id.partition(b"@")[0].partition(b"-")
    return int(ms), int(sequence)
