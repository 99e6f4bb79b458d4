"""Feed that tells webhooks of links that spike or go quiet, and of how fresh reports are."""

import time
from collections.abc import Callable, Mapping, Sequence

from app.clicks.click import Clicks
from app.health.redis.stream import Backlog
from app.links.link import Link
from app.links.store import LinkStore
from app.times import rfc3339
from app.webhooks.deliveries import WHEREVER, Place
from app.webhooks.webhook import Webhook
from workers.webhooks.batches import Told
from workers.webhooks.outbox import Outbox
from workers.webhooks.rates import SPIKE_SECONDS, Rates

_RATES, _FRESHNESS = "rates", "freshness"
_EVENTS = frozenset(("link.spike", "link.quiet"))
_LOOK_SECONDS = 10.0
_KEEP_SECONDS = 60.0
#: Age of the oldest click that isn't stored, from which on reports are late, and under which they
#: are fresh again.
LATE_SECONDS, FRESH_SECONDS = 30.0, 10.0
#: A spike is told of once in so long.
_SPIKE_REST_SECONDS = 3_600


class TrafficFeed:
    """Looks at rates and freshness now and then.

    Args:
        read_backlog: returns what is still to be stored, None where that isn't known.
        now: clock in Unix seconds.
        clock: clock in seconds that never goes back.
    """

    def __init__(
        self,
        outbox: Outbox,
        links: LinkStore,
        read_backlog: Callable[[], Backlog | None],
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._outbox = outbox
        self._links = links
        self._read_backlog = read_backlog
        self._now = now
        self._clock = clock
        self._rates = Rates()
        self._told, self._is_late = "", False
        self._look_at = self._keep_at = clock()

    def begin(self, places: Mapping[str, str]) -> None:
        """Go on with what was known."""
        self._rates.decode(places.get(_RATES, ""))
        self._told = places.get(_FRESHNESS, "")
        self._is_late = self._told == "late"

    def note(
        self,
        clicks: Clicks,
        told: Sequence[Told],
        links: Mapping[str, Link],
        listening: Sequence[Webhook],
    ) -> None:
        """Count clicks, and tell webhooks of links that spike: as :class:`OnClicks`."""
        hearing = [webhook for webhook in listening if _EVENTS & set(webhook.events)]
        if not hearing:
            return
        codes = [code.decode() for code in clicks.short_codes]
        for code, time_ms, one in zip(codes, clicks.times_ms, told, strict=True):
            if not one.is_bot:
                self._rates.note(code, time_ms / 1000)
        for code in dict.fromkeys(codes):
            spike = self._rates.spike(code)
            if spike is not None and code in links:
                data = {
                    "code": code,
                    "clicks": spike.clicks,
                    "usual": round(spike.usual, 2),
                    "since": rfc3339(spike.began * 1000),
                    "seconds": SPIKE_SECONDS,
                }
                once = f"link.spike {code} {spike.began // _SPIKE_REST_SECONDS}"
                self._tell("link.spike", links[code], hearing, data, once)

    def look(self, webhooks: Sequence[Webhook]) -> None:
        """Look at what doesn't come with a click.

        Raises:
            LeaseLost: another host tells webhooks by now.
            RedisUnavailable, RedisRefused: Redis doesn't do its part.
        """
        now = self._clock()
        if now < self._look_at:
            return
        self._look_at = now + _LOOK_SECONDS
        hearing = [each for each in webhooks if not each.disabled]
        backlog = self._read_backlog()
        late_seconds = backlog.oldest_seconds or 0.0 if backlog else None
        if late_seconds is not None:
            self._tell_freshness(hearing, late_seconds)
            if late_seconds < LATE_SECONDS:
                self._tell_quiet(hearing)
        if now >= self._keep_at and any(_EVENTS & set(each.events) for each in hearing):
            self._keep_at = now + _KEEP_SECONDS
            self._outbox.enqueue([], place=Place(_RATES, WHEREVER, self._rates.encode()))

    def _tell_freshness(self, webhooks: Sequence[Webhook], late_seconds: float) -> None:
        is_late = late_seconds >= (FRESH_SECONDS if self._is_late else LATE_SECONDS)
        if is_late == self._is_late:
            return
        now_ms, word = self._now_ms(), "late" if is_late else "fresh"
        to = [each for each in webhooks if each.hears("system.freshness", now_ms)]
        data = {"state": word, "oldest_seconds": round(late_seconds, 1)}
        place = Place(_FRESHNESS, self._told, word)
        self._outbox.tell("system.freshness", now_ms, to, data, place=place)
        self._told, self._is_late = word, is_late

    def _tell_quiet(self, webhooks: Sequence[Webhook]) -> None:
        found = list(self._rates.quiet(self._now()))
        links = self._links.readable([quiet.code for quiet in found])
        for quiet in found:
            link = links.get(quiet.code)
            # Of one that leads nowhere by now nobody expects clicks.
            if link is not None and link.state(self._now()) == "live":
                data = {
                    "code": quiet.code,
                    "last_click_at": rfc3339(quiet.last * 1000),
                    "usual_per_hour": round(quiet.usual, 2),
                }
                once = f"link.quiet {quiet.code} {quiet.last}"
                self._tell("link.quiet", link, webhooks, data, once)

    def _tell(
        self,
        event: str,
        link: Link,
        webhooks: Sequence[Webhook],
        data: Mapping[str, object],
        once: str,
    ) -> None:
        now_ms = self._now_ms()
        to = [
            each
            for each in webhooks
            if each.hears(event, now_ms) and each.chooses(link.code, link.tags)
        ]
        if to:
            self._outbox.tell(event, now_ms, to, data, once=once)

    def _now_ms(self) -> int:
        return round(self._now() * 1000)
