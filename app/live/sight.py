"""Sight of the streams: entries as clicks with their verdicts, and the tags of their links."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple, Self

from app.audit.unread_entries import parse_id
from app.clicks.click import InvalidClick, from_fields
from app.config.settings import Settings
from app.config.shards import shards_of
from app.links.link import CorruptLink, decode
from app.links.store import LinkStore
from app.live.click_judge import ClickJudge
from app.live.event import SeenClick, write_id
from app.live.stream_tail import Places, StreamTail, lowered
from app.stores.redis.client import connect

#: Entries of a stream that are read a turn; and of all, by who comes back after an interruption.
AT_ONCE = 100
MOST_READ = 1_000
_YOUNG_SECONDS = 5.0
_MOST_LINKS = 10_000


class Turn(NamedTuple):
    """What was seen in one turn.

    Attributes:
        seen: clicks, in the order of their streams.
        places: up to where each stream is read, or passed over.
        read: entries that were looked at, whether they are clicks or not.
        is_whole: whether none was passed over.
    """

    seen: list[SeenClick]
    places: Places
    read: int
    is_whole: bool


class Sight:
    """Reads streams for one thread; what is raised is Redis' doing: RedisError.

    Args:
        judge: says who followed a link.
    """

    def __init__(self, settings: Settings, links: LinkStore, judge: ClickJudge) -> None:
        self._streams = [shard.stream for shard in shards_of(settings)]
        url = settings.redis_url
        self._client = connect(url, timeout_seconds=settings.redis_timeout_seconds)
        self._tail = StreamTail(
            self._client, url, self._streams, block_ms=0, sleep=time.sleep, say=_say_nothing
        )
        self._links = links
        self._judge = judge
        self._tags: dict[str, tuple[float, tuple[str, ...]]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def last_ids(self) -> Places:
        """Return the id of the newest entry of each stream."""
        return self._tail.last_ids()

    def added(self) -> int:
        """Return how many entries were ever added to all streams."""
        return self._tail.added()

    def after_break(self, places: Places) -> Places:
        """Return from where to go on once Redis is back."""
        return lowered(places, self.last_ids())

    def look(self, places: Places) -> Turn:
        """Return what came behind some places; where that is much, the rest is passed over."""
        found = dict(self._tail.read(places, AT_ONCE))
        seen, reached = self._seen(found, places)
        full = [stream for stream, entries in found.items() if len(entries) == AT_ONCE]
        if full:
            last_ids = self.last_ids()
            for stream in full:
                reached[stream] = max(reached[stream], last_ids[stream], key=parse_id)
        return Turn(seen, reached, sum(map(len, found.values())), not full)

    def between(self, after: Places, until: Places) -> tuple[list[SeenClick], bool]:
        """Return the clicks behind some places, up to others, and whether those are all."""
        found = {
            stream: [entry for entry in entries if parse_id(entry[0]) <= parse_id(until[stream])]
            for stream, entries in self._tail.read(after, MOST_READ)
        }
        seen, _ = self._seen(found, after)
        return seen, all(len(entries) < MOST_READ for entries in found.values())

    def with_tags(self, seen: Sequence[SeenClick]) -> list[SeenClick]:
        """Return clicks with the tags that their links carry, as of some seconds ago."""
        tags = self._tags_of({each.click.short_code for each in seen})
        return [replace(each, tags=tags[each.click.short_code]) for each in seen]

    def _seen(
        self, found: dict[str, list[tuple[bytes, dict[bytes, bytes]]]], after: Places
    ) -> tuple[list[SeenClick], Places]:
        seen, places = [], dict(after)
        for stream, entries in found.items():
            for entry_id, fields in entries:
                places[stream] = entry_id
                try:
                    click = from_fields(entry_id, fields)
                except InvalidClick:
                    # The workers see to it, and say so.
                    continue
                event_id = write_id(places, self._streams)
                seen.append(SeenClick(click, self._judge.verdict(click), event_id))
        return seen, places

    def _tags_of(self, codes: Iterable[str]) -> dict[str, tuple[str, ...]]:
        now = time.monotonic()
        if len(self._tags) > _MOST_LINKS:
            self._tags.clear()
        wanted = [
            code
            for code in codes
            if code not in self._tags or now - self._tags[code][0] > _YOUNG_SECONDS
        ]
        for code, raw in zip(wanted, self._links.peek(wanted), strict=True):
            self._tags[code] = now, _tags_in(code, raw)
        return {code: self._tags[code][1] for code in codes}


def _tags_in(code: str, raw: bytes | None) -> tuple[str, ...]:
    if raw is None:
        return ()
    try:
        return tuple(decode(code, raw).tags)
    except CorruptLink:
        return ()


def _say_nothing(_: str) -> None:
    """Leave it to whoever asks: they are told by an exception."""
