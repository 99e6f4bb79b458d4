"""Feed that reads the trail of changes, and tells webhooks of links: made, changed, gone, expired.

The trail has a line of every change, by whatever door it came, so that nobody who changes links
has to think of webhooks. Lines that were restored out of a backup are told of to nobody: they were.
What expires is noticed here: the links that will are kept in the order
of time, from a look at all links when the feed begins, and from the trail from then on.
"""

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any

from app.changes.change import RESTORED, Change, from_entry
from app.clicks.click import Clicks
from app.links.json import to_plain
from app.links.link import Link
from app.links.store import LinkStore
from app.metrics.workers import WebhookMetrics
from app.stores.keys import API_CHANGES
from app.stores.redis.errors import translated
from app.webhooks.deliveries import WHEREVER, Place
from app.webhooks.delivery import Delivery, envelope
from app.webhooks.webhook import Webhook
from workers.webhooks.batches import Told
from workers.webhooks.click_group import before_all, id_of, is_behind, listening_to
from workers.webhooks.outbox import Outbox

if TYPE_CHECKING:
    import redis

logger = logging.getLogger(__name__)

_EVENTS: Mapping[str, str] = {
    "link.created": "link.created",
    "links.created": "link.created",
    "link.changed": "link.updated",
    "link.restored": "link.updated",
    "link.deleted": "link.deleted",
}
#: For what the trail is read.
EVENTS = frozenset((*_EVENTS.values(), "link.expired"))
_LINES = 50
_EXPIRED = 100
_SCANNED = 1000
#: Of one line that wait in one step: an import's may be of hundreds of links.
_MESSAGES = 1000
_TRAIL, _SCAN = "changes", "expiries"
#: On a cluster a line comes before its change, and is taken back if that isn't made.
_CLUSTER_AGE_MS = 2_000


class LinkFeed:
    """Reads the trail, and looks which links expire.

    Args:
        link_base: what stands before a code in a short URL.
        is_cluster: whether a line may come before its change.
        now: clock in Unix seconds.
    """

    def __init__(
        self,
        client: "redis.Redis",
        url: str,
        outbox: Outbox,
        links: LinkStore,
        link_base: str,
        metrics: WebhookMetrics,
        *,
        is_cluster: bool,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._url = url
        self._outbox = outbox
        self._links = links
        self._link_base = link_base
        self._metrics = metrics
        self._age_ms = _CLUSTER_AGE_MS if is_cluster else 0
        self._now = now
        self._told = self._place = ""
        self._is_scanned = False
        self._scan: Iterator[Link] | None = None

    def begin(self, places: Mapping[str, str]) -> None:
        """Go on where webhooks were told up to."""
        self._told = self._place = places.get(_TRAIL, "")
        self._is_scanned = bool(places.get(_SCAN))
        self._scan = None
        if self._place:
            self._notice_gap()

    def look(self, webhooks: Sequence[Webhook]) -> None:
        """Tell webhooks of what has changed and expired since.

        Raises:
            LeaseLost: another host tells webhooks by now.
            RedisUnavailable, RedisRefused: Redis doesn't do its part.
        """
        listening = listening_to(EVENTS, webhooks)
        if not listening:
            self._forget()
            return
        self._place = self._place or before_all(listening)
        self._read(listening)
        if not any("link.expired" in webhook.events for webhook in listening):
            return
        if not self._is_scanned:
            self._scan_on()
        self._expire(listening)

    def _forget(self) -> None:
        """Forget the place, for who comes next begins with what happens then."""
        if self._told or self._is_scanned:
            self._outbox.forget_expiries()
            self._outbox.enqueue([], place=Place(_SCAN, WHEREVER, ""))
            self._outbox.enqueue([], place=Place(_TRAIL, self._told, ""))
            self.begin({})

    def _notice_gap(self) -> None:
        with translated(self._url):
            if not self._client.exists(API_CHANGES):
                return
            info: Any = self._client.xinfo_stream(API_CHANGES)
        first = info["first-entry"]
        is_trimmed = first is not None and id_of(first[0]) > id_of(self._place.encode())
        if is_trimmed and is_behind(info, self._place):
            self._metrics.gaps.inc()
            logger.error("webhooks missed changes of links after %s", self._place)

    def _read(self, listening: Sequence[Webhook]) -> None:
        with translated(self._url):
            lines: Any = self._client.xrange(API_CHANGES, f"({self._place}", "+", count=_LINES)
        latest_ms = self._now() * 1000 - self._age_ms if self._age_ms else math.inf
        settled = [line for line in lines if id_of(line[0])[0] <= latest_ms]
        changes = [_change_of(fields) for _, fields in lines]
        codes = list(dict.fromkeys(code for change in changes for code in _codes_of(change)))
        links = self._links.readable(codes)
        self._outbox.note_expiries({code: _expiry(links.get(code)) for code in codes})
        tags = tags_then(changes, links)
        # Later lines say which tags a link had at the time of those before them.
        for (line_id, fields), change, tags_of in zip(settled, changes, tags, strict=False):
            at_ms = id_of(line_id)[0]
            messages = (
                self._messages(change, at_ms, links, tags_of, listening)
                if change and RESTORED not in fields
                else []
            )
            while len(messages) > _MESSAGES:
                self._outbox.enqueue(messages[:_MESSAGES])
                del messages[:_MESSAGES]
            place = line_id.decode()
            if messages or line_id == settled[-1][0]:
                self._outbox.enqueue(messages, place=Place(_TRAIL, self._told, place))
                self._told = place
            self._place = place

    def _messages(
        self,
        change: Change,
        at_ms: int,
        links: Mapping[str, Link],
        tags_of: Mapping[str, Set[str]],
        listening: Sequence[Webhook],
    ) -> list[tuple[Delivery, bytes]]:
        """Return what webhooks are told of a change."""
        event = _EVENTS[change.what]
        hearing = [each for each in listening if each.hears(event, at_ms)]
        messages = []
        for code, tags in tags_of.items():
            to = [each for each in hearing if each.chooses(code, tags)]
            if to:
                body = envelope(event, at_ms, self._data(code, links.get(code), change))
                messages += [(self._outbox.message(webhook, event), body) for webhook in to]
        return messages

    def _data(self, code: str, link: Link | None, change: Change) -> dict[str, object]:
        author = change.author
        told: dict[str, object] = {
            **self._plain(code, link),
            "by": {"who": author.who, "name": author.name, "via": author.via},
        }
        if _EVENTS[change.what] != "link.created":
            told["changed"] = {"from": change.before, "to": change.after}
        return told

    def _plain(self, code: str, link: Link | None) -> dict[str, object]:
        shown = None if link is None or link.deleted else to_plain(link)
        return {"code": code, "short_url": f"{self._link_base}/{code}", "link": shown}

    def _scan_on(self) -> None:
        """Look at some more links; what changes meanwhile, the trail says."""
        if self._scan is None:
            self._scan = self._links.links.scan()
        found: dict[str, int | None] = {}
        for _ in range(_SCANNED):
            link = next(self._scan, None)
            if link is None:
                self._is_scanned = True
                break
            if link.expires_at is not None and link.expires_at > self._now():
                found[link.code] = link.expires_at
        self._outbox.note_expiries(found)
        if self._is_scanned:
            self._scan = None
            self._outbox.enqueue([], place=Place(_SCAN, WHEREVER, "done"))

    def _expire(self, listening: Sequence[Webhook]) -> None:
        codes = self._outbox.expired(_EXPIRED)
        links = self._links.readable(codes)
        for code in codes:
            link = links.get(code)
            expiry = _expiry(link)
            if link and expiry is not None and expiry <= self._now():
                at_ms = expiry * 1000
                to = [
                    webhook
                    for webhook in listening
                    if webhook.hears("link.expired", at_ms) and webhook.chooses(code, link.tags)
                ]
                once = f"link.expired {code} {expiry}"
                self._outbox.tell("link.expired", at_ms, to, self._plain(code, link), once=once)
                expiry = None
            self._outbox.note_expiries({code: expiry})

    def note(
        self,
        clicks: Clicks,
        told: Sequence[Told],  # noqa: ARG002 - all who take notice are given the same
        links: Mapping[str, Link],
        listening: Sequence[Webhook],
    ) -> None:
        """Tell webhooks of links whose last click has come: as :class:`OnClicks`."""
        at_ms = max(id_of(entry_id)[0] for entry_id in clicks.entry_ids)
        hearing = [each for each in listening if each.hears("link.used_up", at_ms)]
        limited = [link for link in links.values() if link.click_limit is not None]
        if not hearing or not limited:
            return
        uses = self._links.uses_of(limited)
        for link in limited:
            if link.click_limit is not None and uses[link.code] >= link.click_limit:
                to = [each for each in hearing if each.chooses(link.code, link.tags)]
                once = f"link.used_up {link.code} {link.click_limit}"
                data = {**self._plain(link.code, link), "uses": uses[link.code]}
                self._outbox.tell("link.used_up", at_ms, to, data, once=once)


def tags_then(
    changes: Sequence[Change | None], links: Mapping[str, Link]
) -> list[Mapping[str, Set[str]]]:
    """Return for each change which tags its links carried, just before it or just after.

    Args:
        changes: in the order of time; None for what is told to nobody.
        links: as they are now.
    """
    known = {code: link.tags for code, link in links.items()}
    found: list[Mapping[str, Set[str]]] = []
    for change in reversed(changes):
        tags_of: dict[str, Set[str]] = {}
        for code in _codes_of(change):
            after = known.get(code, ())
            before = after
            if change and (
                change.what == "link.deleted" or "tags" in (*change.before, *change.after)
            ):
                before = tuple(change.before.get("tags", ()))
                after = tuple(change.after.get("tags", ())) or after
            tags_of[code] = {*before, *after}
            known[code] = before
        found.append(tags_of)
    return found[::-1]


def _change_of(fields: Mapping[bytes, bytes]) -> Change | None:
    """Return the change that a line of the trail tells of, if webhooks may be told of it."""
    change = from_entry(fields)
    return change if change and change.what in _EVENTS else None


def _codes_of(change: Change | None) -> list[str]:
    """Return which links a change was of; of an import by an earlier version nobody knows."""
    if change is None:
        return []
    if change.what == "links.created":
        return [str(code) for code in change.after.get("codes", ())]
    return [change.subject]


def _expiry(link: Link | None) -> int | None:
    """Return when a link will expire, unless it answers nothing before that."""
    return None if link is None or link.deleted or link.disabled else link.expires_at
