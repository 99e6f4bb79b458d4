"""Erasure that deletes clicks from Redis: finished entries of the stream, and dead letters."""

from collections.abc import Callable, Collection, Container, Iterator, Sequence
from typing import NamedTuple

from app.audit.entry_counts import Call
from app.dead_letters.shards import AllDeadLetters
from app.dead_letters.store import Choice as Letters
from app.erasure.choice import Choice, Found, read_entry
from app.stores.scripts import script

#: Entries read in one call, and deleted in one.
_PAGE = 500
_DELETED_AT_ONCE = 100

Watch = Callable[[int], object]


class Erased(NamedTuple):
    """What became of the chosen entries.

    Attributes:
        gone: those that were deleted.
        left: those that workers have not finished: they are on their way into ClickHouse.
    """

    gone: int
    left: int


class Entries:
    """The streams and their dead letters. Raises what ``call`` and ``letters`` raise.

    Args:
        call: sends one command to Redis.
        streams: every shard's.
        note: is given ids of clicks that nothing but their entries would tell, before these go.
        passed_over: a group that is not waited for.
    """

    def __init__(
        self,
        call: Call,
        streams: Sequence[str],
        letters: AllDeadLetters,
        note: Callable[[Collection[bytes]], object],
        passed_over: str,
    ) -> None:
        self._call = call
        self._streams = streams
        self._letters = letters
        self._note = note
        self._passed_over = passed_over
        self._delete = script("app.erasure", "entries")

    def find(self, choice: Choice, watch: Watch) -> Iterator[bytes]:
        """Yield the click ids of the entries that carry what is chosen."""
        for stream in self._streams:
            for page in self._pages(stream, watch):
                for _, found in page:
                    if choice.has(found):
                        yield found.click_ref.click_id

    def erase(self, choice: Choice, click_ids: set[bytes], watch: Watch, *, is_dry: bool) -> Erased:
        """Delete the finished entries of a choice, and of click ids, to which theirs are added.

        Who came after :meth:`find` has a row by now that nothing else may tell.
        """
        of_each = [
            self._erase_from(stream, choice, click_ids, watch, is_dry=is_dry)
            for stream in self._streams
        ]
        return Erased(*map(sum, zip(*of_each, strict=True)))

    def _erase_from(
        self, stream: str, choice: Choice, click_ids: set[bytes], watch: Watch, *, is_dry: bool
    ) -> Erased:
        gone = left = 0
        for page in self._pages(stream, watch):
            chosen = [
                (entry_id, found.click_ref.click_id)
                for entry_id, found in page
                if choice.has(found) or found.click_ref.click_id in click_ids
            ]
            fresh = {click_id for _, click_id in chosen} - click_ids
            click_ids |= fresh
            if fresh and choice.code is None and not is_dry:
                self._note(fresh)
            gone += len(chosen)
            left += self._delete_finished(stream, [one for one, _ in chosen], is_dry=is_dry)
        return Erased(gone - left, left)

    def erase_letters(self, choice: Choice, click_ids: Container[bytes], *, is_dry: bool) -> int:
        """Delete the dead letters of a choice, and of click ids; return how many."""
        count = 0
        for letter in self._letters.find(Letters()):
            found = read_entry(letter.entry_id, letter.flat)
            if choice.has(found) or found.click_ref.click_id in click_ids:
                count += 1 if is_dry else self._letters.purge(letter)
        return count

    def _delete_finished(self, stream: str, entry_ids: list[bytes], *, is_dry: bool) -> int:
        left = 0
        for start in range(0, 0 if is_dry else len(entry_ids), _DELETED_AT_ONCE):
            some = entry_ids[start : start + _DELETED_AT_ONCE]
            left += self._call("EVAL", self._delete, 1, stream, self._passed_over, *some)
        return left

    def _pages(self, stream: str, watch: Watch) -> Iterator[list[tuple[bytes, Found]]]:
        after = b"-"
        while page := self._call("XRANGE", stream, after, "+", "COUNT", _PAGE):
            yield [(entry_id, read_entry(entry_id, flat)) for entry_id, flat in page]
            after = b"(" + page[-1][0]
            watch(len(page))
