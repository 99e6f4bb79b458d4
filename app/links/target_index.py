"""Index of links by their targets, which tells of a URL which link leads there already.

Rule 1: an entry is a hint. Whoever finds one looks at the link, which may have been changed or
        deleted since, or not be stored yet.
Rule 2: an entry is written when its link has been stored, the newest link's last. Somebody who is
        killed between the two leaves a link that isn't found by its target, and nothing wrong.
"""

import logging
from collections.abc import Collection, Iterable, Sequence
from hashlib import blake2b
from itertools import chain
from typing import TYPE_CHECKING, Any

from app.links.link import Link
from app.stores.keys import LINK_TARGETS_FILLED, TARGET_BUCKETS, link_targets_key
from app.stores.redis.errors import RedisError, translated
from app.stores.scripts import script

if TYPE_CHECKING:
    import redis

logger = logging.getLogger(__name__)

#: Of a digest these bytes choose the hash and these name the target in it; no two targets meet.
_BUCKET_BYTES, _FIELD_BYTES = 2, 16


class TargetIndex:
    """Finds links by their targets; every call blocks for Redis.

    Targets are in their normal form, as links hold them. Whoever sees only the links of some tags
    has entries apart, named by these tags, for others' links are of no use there.
    """

    def __init__(self, client: "redis.Redis", url: str) -> None:
        self._client = client
        self._url = url

    def note(self, links: Sequence[Link]) -> None:
        """Note that links lead to their targets; what Redis doesn't take is no link's failure."""
        noted = self._client.pipeline(transaction=False)
        for link in links:
            key, field = _place(link.target, ())
            noted.hset(key, field, link.code)
        try:
            with translated(self._url):
                noted.execute()
        except RedisError as error:
            logger.info("Some links aren't found by their targets: %s", error)

    def find(self, target: str, tags: Collection[str] = ()) -> str | None:
        """Return the code of a link that leads, or led, to a target; None for none."""
        key, field = _place(target, tags)
        with translated(self._url):
            found: Any = self._client.hget(key, field)
        return found.decode() if found else None

    def claim(self, target: str, code: str, before: str | None, tags: Collection[str] = ()) -> bool:
        """Have a target lead to a link, and tell whether nobody else had it lead elsewhere.

        Args:
            before: what was found.
        """
        key, field = _place(target, tags)
        with translated(self._url):
            claim = script("app.links", "claim")
            return bool(self._client.eval(claim, 1, key, field, before or "", code))

    def is_filled(self) -> bool:
        """Tell whether the links that are older than the index are in it."""
        with translated(self._url):
            return bool(self._client.exists(LINK_TARGETS_FILLED))

    def fill(self, pieces: Iterable[Sequence[Link]]) -> None:
        """Put all links in that were there before, newest first; several may do so at once."""
        with translated(self._url):
            for links in pieces:
                self._put_missing(links)
            self._client.set(LINK_TARGETS_FILLED, 1)

    def _put_missing(self, links: Sequence[Link]) -> None:
        looked, missing = (self._client.pipeline(transaction=False) for _ in range(2))
        for link in links:
            looked.hget(*_place(link.target, ()))
        # Of two links to one target the first is the newer one, and is to stay.
        for link, found in reversed(list(zip(links, looked.execute(), strict=True))):
            if found is None:
                key, field = _place(link.target, ())
                missing.hset(key, field, link.code)
        missing.execute()


def _place(target: str, tags: Collection[str]) -> tuple[str, bytes]:
    """Return the key of the hash and the field in it that tell of a target."""
    named = "\0".join(chain((target,), sorted(tags)))
    digest = blake2b(named.encode(), digest_size=_BUCKET_BYTES + _FIELD_BYTES).digest()
    bucket = int.from_bytes(digest[:_BUCKET_BYTES]) % TARGET_BUCKETS
    return link_targets_key(bucket), digest[_BUCKET_BYTES:]
