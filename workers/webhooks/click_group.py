"""Group by which webhooks hear of the clicks of one stream.

It reads without a pending list (NOACK): how far webhooks were told is kept beside the deliveries,
and whoever takes the lease sets the group to that place. What waits here for nobody holds up
neither trimming nor the accounts of the group that stores the clicks.
"""

import logging
from collections.abc import Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any

from app.metrics.workers import WebhookMetrics
from app.stores.redis.errors import translated
from app.webhooks.webhook import Webhook, group_of

if TYPE_CHECKING:
    import redis

logger = logging.getLogger(__name__)

_COUNT = 500
_CONSUMER = "webhooks"

Entry = tuple[bytes, Mapping[bytes, bytes]]


class ClickGroup:
    """Reads a stream on from a place.

    Args:
        client: Redis client that speaks bytes.
        url: where it connects to, for error texts.
        group: that stores the clicks.

    Every method raises :class:`app.stores.redis.errors.RedisUnavailable` or
    :class:`app.stores.redis.errors.RedisRefused` when Redis doesn't do its part.
    """

    def __init__(
        self, client: "redis.Redis", url: str, stream: str, group: str, metrics: WebhookMetrics
    ) -> None:
        self._client = client
        self._url = url
        self.stream = stream
        self._group = group_of(group)
        self._metrics = metrics

    def set(self, place: str) -> bool:
        """Go on behind a place; False while there is no stream."""
        with translated(self._url):
            if not self._client.exists(self.stream):
                return False
            names = {each["name"] for each in self._client.xinfo_groups(self.stream)}
            if self._group.encode() in names:
                self._client.xgroup_setid(self.stream, self._group, place)
            else:
                self._client.xgroup_create(self.stream, self._group, place)
        self._notice_gap(place)
        return True

    def read(self, most: int) -> list[Entry]:
        """Return entries that weren't read yet, about so many at most."""
        found: list[Entry] = []
        while len(found) < most:
            page = self._read_page()
            found += page
            if len(page) < _COUNT:
                break
        return found

    def _read_page(self) -> list[Entry]:
        with translated(self._url):
            reply: Any = self._client.xreadgroup(
                self._group, _CONSUMER, {self.stream: ">"}, count=_COUNT, noack=True
            )
        pages = reply.values() if isinstance(reply, dict) else [page for _, page in reply]
        # RESP3 has a list of pages for each stream.
        entries = [each for page in pages for each in (page[0] if _is_nested(page) else page)]
        return [(entry_id, fields) for entry_id, fields in entries if fields]

    def _notice_gap(self, place: str) -> None:
        """Say it if entries behind the place were trimmed, which nobody will be told of."""
        with translated(self._url):
            info: Any = self._client.xinfo_stream(self.stream)
        if is_behind(info, place):
            self._metrics.gaps.inc()
            logger.error(
                "webhooks missed clicks: what %s held after %s was trimmed before it was read",
                self.stream,
                place,
            )


def listening_to(events: Set[str], webhooks: Sequence[Webhook]) -> list[Webhook]:
    """Return the webhooks that are told of one of the events."""
    return [each for each in webhooks if not each.disabled and not events.isdisjoint(each.events)]


def before_all(webhooks: Sequence[Webhook]) -> str:
    """Return the place in a stream behind which is all that webhooks are to be told of."""
    return f"{min(each.since_ms for each in webhooks) - 1}-0"


def is_behind(info: Mapping[str, Any], place: str) -> bool:
    """Tell whether entries after a place were deleted from the head of a stream.

    Args:
        info: of XINFO STREAM.
    """
    first, deleted = info["first-entry"], info.get("max-deleted-entry-id", b"0-0")
    is_deleted = id_of(deleted) > id_of(place.encode())
    return is_deleted and (first is None or id_of(first[0]) > id_of(deleted))


def id_of(entry_id: bytes) -> tuple[int, int]:
    """Return an entry id as numbers, which are in its order."""
    milliseconds, _, number = entry_id.partition(b"-")
    return int(milliseconds), int(number or 0)


def _is_nested(page: Sequence[Any]) -> bool:
    return bool(page) and isinstance(page[0], list)
