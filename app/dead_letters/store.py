"""Store that keeps dead letters in Redis: look at them, send them again, throw them away."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from app.clicks.click import InvalidClick, from_fields
from app.config.settings import Settings
from app.dead_letters.letter import DeadLetter, from_letter
from app.stores.keys import purged_key
from app.stores.redis.client import connect
from app.stores.redis.errors import translated
from app.stores.scripts import script
from app.times import unix_ms

if TYPE_CHECKING:
    import redis

#: Letters asked for in one call; they hold up to some 100 KB each.
_PAGE = 100
#: More names and values than this are more than a Lua script can hand on.
_MOST_TEXTS = 7_000
#: For how long a purged click is remembered: as long as the ledger, which else would miss it.
_PURGED_MS = 36 * 86_400_000
_ID = re.compile(r"\d{1,20}(-\d{1,20})?")
#: An id before that of every letter.
_NOWHERE = "0-1"


class LetterNotFound(Exception):
    """There is no dead letter of this id; it may have been requeued, purged or trimmed."""


class CannotRequeue(Exception):
    """The letter's entry can't be added to the stream again; the text says why."""


class Choice(NamedTuple):
    """Which letters are meant.

    Attributes:
        reason: only those of this reason; None for any.
        since: only those that died at this time or later.
        until: only those that died before this time.
    """

    reason: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class DeadLetters:
    """The dead-letter stream. Every method raises RedisUnavailable or RedisRefused besides."""

    def __init__(self, client: "redis.Redis", url: str, *, stream: str, dead_stream: str) -> None:
        # redis-py would make a dict of each entry, in which a doubled name is lost.
        for command in ("XRANGE", "XREVRANGE"):
            client.set_response_callback(command, lambda reply: reply)
        self._client = client
        self._url = url
        self._stream = stream
        self._dead_stream = dead_stream
        self._requeue = script("app.dead_letters", "requeue")
        self._purge = script("app.dead_letters", "purge")

    def get(self, letter_id: str) -> DeadLetter:
        """Return one letter.

        Raises:
            LetterNotFound: there is none of this id.
        """
        if not _ID.fullmatch(letter_id):
            raise LetterNotFound(f"{letter_id!r} is no letter's id: expected 1790000000000-0")
        wanted = letter_id if "-" in letter_id else f"{letter_id}-0"
        found = self._page(wanted, wanted, 1)
        if not found:
            raise LetterNotFound(f"there is no dead letter {letter_id}")
        return found[0]

    def find(self, choice: Choice, *, newest_first: bool = False) -> Iterator[DeadLetter]:
        """Yield the letters of a choice that were there when this began."""
        first = "-" if choice.since is None else f"{unix_ms(choice.since)}-0"
        last = self._highest(choice.until)
        while page := self._page(first, last, _PAGE, newest_first=newest_first):
            yield from (one for one in page if choice.reason in (None, one.fault.reason))
            end = page[-1].letter_id.decode()
            first, last = (first, f"({end}") if newest_first else (f"({end}", last)

    def requeue(self, letter: DeadLetter) -> bool:
        """Move a letter's entry back to the end of the stream; False when somebody else did.

        Raises:
            CannotRequeue: it has no fields, or too many, or not all of it was kept.
        """
        if letter.cut_from:
            kept, name = sum(map(len, letter.flat)), letter.letter_id.decode()
            raise CannotRequeue(f"{name} holds {kept:,} of its entry's {letter.cut_from:,} bytes")
        fields = letter.to_resend()
        if not 0 < len(fields) <= _MOST_TEXTS:
            count = len(fields) // 2
            raise CannotRequeue(f"{letter.letter_id.decode()} has {count:,} fields")
        keys = (self._dead_stream, self._stream)
        with translated(self._url):
            return bool(self._client.eval(self._requeue, 2, *keys, letter.letter_id, *fields))

    def purge(self, letter: DeadLetter) -> bool:
        """Delete a letter for good; False when it was gone."""
        keys = (self._dead_stream, purged_key(self._dead_stream))
        what = (letter.letter_id, *_identity(letter), _PURGED_MS)
        with translated(self._url):
            return bool(self._client.eval(self._purge, 2, *keys, *what))

    def count(self) -> int:
        """Return how many letters there are."""
        with translated(self._url):
            return int(self._client.xlen(self._dead_stream))

    def memory_bytes(self) -> int:
        """Return how much memory they take; Redis looks at each page of 100 letters for that."""
        with translated(self._url):
            taken: Any = self._client.memory_usage(self._dead_stream, samples=0)
        return int(taken or 0)

    def oldest(self) -> list[DeadLetter]:
        """Return up to a hundred letters, the oldest first."""
        return self._page("-", "+", _PAGE)

    def purged(self, since_ms: int) -> Iterator[tuple[int, bytes]]:
        """Yield time and id of the purged clicks of a Unix time and younger."""
        with translated(self._url):
            found: Any = self._client.zrange(
                purged_key(self._dead_stream), since_ms, "+inf", byscore=True
            )
        for member in found:
            time_ms, _, digits = member.partition(b":")
            yield int(time_ms), bytes.fromhex(digits.decode())

    def _page(
        self, first: str, last: str, count: int, *, newest_first: bool = False
    ) -> list[DeadLetter]:
        ends = (last, first) if newest_first else (first, last)
        command = "XREVRANGE" if newest_first else "XRANGE"
        with translated(self._url):
            reply: Any = self._client.execute_command(  # type: ignore[no-untyped-call]
                command, self._dead_stream, *ends, "COUNT", count
            )
        return [from_letter(letter_id, flat) for letter_id, flat in reply]

    def _highest(self, until: datetime | None) -> str:
        """Return where to stop, so that what is requeued and dies again is not met again."""
        if until is not None:
            return f"({unix_ms(until)}-0"
        with translated(self._url):
            newest: Any = self._client.xrevrange(self._dead_stream, count=1)
        return newest[0][0].decode() if newest else _NOWHERE


def open_dead_letters(settings: Settings) -> DeadLetters:
    """Return the dead letters of an installation; they connect when first used."""
    return DeadLetters(
        connect(settings.redis_url, timeout_seconds=settings.redis_timeout_seconds),
        settings.redis_url,
        stream=settings.stream,
        dead_stream=settings.dead_stream,
    )


def _identity(letter: DeadLetter) -> tuple[int | str, str]:
    """Return time and id of a letter's click, empty where it is none."""
    try:
        click = from_fields(letter.entry_id, letter.fields)
    except InvalidClick:
        return "", ""
    return click.time_ms, click.click_id.hex()
