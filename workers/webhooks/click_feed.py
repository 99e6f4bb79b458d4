"""Feed that reads the click streams as a group of its own, and tells webhooks of their clicks.

How far webhooks were told of a stream is kept beside the deliveries, and moves in the same step as
they come to wait: a click is in one batch of a webhook, whoever is killed when. So the group reads
without a pending list (NOACK), and is set to that place by whoever takes the lease.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from app.clicks.click import Clicks, InvalidClick, decode
from app.links.link import Link
from app.links.store import LinkStore
from app.stores.redis.errors import RedisRefused, RedisUnavailable
from app.webhooks.deliveries import Place
from app.webhooks.webhook import Webhook
from workers.webhooks.batches import Told, batches_of
from workers.webhooks.click_group import ClickGroup, Entry, before_all, listening_to
from workers.webhooks.outbox import Outbox

#: For what the streams are read.
EVENTS = frozenset(("click.batch", "link.used_up", "link.spike", "link.quiet"))
#: Age at which what was read is told of, and how many clicks are sooner.
FLUSH_SECONDS = 2.0
FLUSH_CLICKS = 2_000

Describe = Callable[[Clicks], list[Told]]


class OnClicks(Protocol):
    """Is told of clicks after webhooks are, and of the links that they are of, by code."""

    def __call__(
        self,
        clicks: Clicks,
        told: Sequence[Told],
        links: Mapping[str, Link],
        listening: Sequence[Webhook],
    ) -> None:
        """Take notice."""


class ClickFeed:
    """Reads one stream.

    Args:
        describe: returns what webhooks are told of clicks.
        on_clicks: is told of clicks after webhooks are.
    """

    def __init__(
        self,
        group: ClickGroup,
        outbox: Outbox,
        links: LinkStore,
        describe: Describe,
        on_clicks: OnClicks,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._group = group
        self._outbox = outbox
        self._links = links
        self._describe = describe
        self._on_clicks = on_clicks
        self._clock = clock
        self._name = f"clicks {group.stream}"
        self._told = self._place = ""
        self._is_placed = False
        self._entries: list[Entry] = []
        self._since = 0.0

    def begin(self, places: Mapping[str, str]) -> None:
        """Go on where webhooks were told up to."""
        self._told = self._place = places.get(self._name, "")
        self._is_placed = False
        self._entries = []

    def look(self, webhooks: Sequence[Webhook]) -> None:
        """Read what is new, and tell webhooks of what is due.

        Raises:
            LeaseLost: another host tells webhooks by now.
            RedisUnavailable, RedisRefused: Redis doesn't do its part.
        """
        listening = listening_to(EVENTS, webhooks)
        if not listening:
            self._forget()
            return
        self._place = self._place or before_all(listening)
        self._read()
        is_due = self._clock() >= self._since + FLUSH_SECONDS
        if self._entries and (is_due or len(self._entries) >= FLUSH_CLICKS):
            self._flush(listening)

    def _forget(self) -> None:
        """Forget the place, for who comes next begins with what happens then."""
        if self._told:
            self._outbox.enqueue([], place=Place(self._name, self._told, ""))
            self.begin({})

    def _read(self) -> None:
        """Read on; everything anew from the place after whatever went wrong."""
        try:
            self._is_placed = self._is_placed or self._group.set(self._place)
            if not self._is_placed:
                return
            entries = self._group.read(FLUSH_CLICKS - len(self._entries))
        except (RedisUnavailable, RedisRefused):
            self._is_placed = False
            self._entries = []
            raise
        if entries and not self._entries:
            self._since = self._clock()
        self._entries += entries

    def _flush(self, listening: Sequence[Webhook]) -> None:
        last = self._entries[-1][0].decode()
        clicks = readable(self._entries)
        place = Place(self._name, self._told, last)
        if clicks:
            links = self._links.readable(sorted({code.decode() for code in clicks.short_codes}))
            told = self._describe(clicks)
            messages = batches_of(clicks, told, links, listening, self._outbox.message)
            self._outbox.enqueue(messages, place=place)
            self._on_clicks(clicks, told, links, listening)
        else:
            self._outbox.enqueue([], place=place)
        self._told = self._place = last
        self._entries = []


def readable(entries: Sequence[Entry]) -> Clicks | None:
    """Return the clicks among entries; what is none becomes a dead letter elsewhere."""
    flats = [[part for pair in fields.items() for part in pair] for _, fields in entries]
    ids = [entry_id for entry_id, _ in entries]
    try:
        return decode(ids, flats) if ids else None
    except InvalidClick:
        pass
    good = [entry for entry in entries if _is_click(entry)]
    return readable(good) if len(good) < len(entries) else None


def _is_click(entry: Entry) -> bool:
    entry_id, fields = entry
    try:
        decode([entry_id], [[part for pair in fields.items() for part in pair]])
    except InvalidClick:
        return False
    return True
