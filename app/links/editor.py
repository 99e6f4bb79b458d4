"""Editor that changes links, each by compare-and-set of its text, and keeps lists up with them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from app.links import codes
from app.links.link import Link, LinkContended, LinkNotFound, decode
from app.links.listing import LinkList
from app.links.precondition import ANY, Precondition
from app.links.writer import Exchange, LinkWriter
from app.stores.keys import LINK_INDEX, LINK_TOMBSTONES, link_key, link_tag_key
from app.stores.redis.errors import translated

if TYPE_CHECKING:
    import redis

#: Editors of one link at the same moment that are waited for.
SWAPS = 20


class LinkEditor:
    """Changes links as somebody's; every method blocks for Redis and raises as the store's do.

    Args:
        writer: as whom.
        links: the lists that links are in.
        now_ms: clock in Unix milliseconds.
    """

    def __init__(
        self,
        client: "redis.Redis",
        url: str,
        writer: LinkWriter,
        links: LinkList,
        now_ms: Callable[[], int],
    ) -> None:
        self._client = client
        self._url = url
        self._writer = writer
        self._links = links
        self._now_ms = now_ms

    def read(self, code: str) -> bytes:
        """Return the text of a link or a tombstone.

        Raises:
            LinkNotFound: there never was one.
        """
        raw = None
        if codes.is_valid(code):
            with translated(self._url):
                raw = cast("bytes | None", self._client.get(link_key(code)))
        if raw is None:
            raise LinkNotFound(f"no link has the code {code!r}")
        return raw

    def swap(self, code: str, change: Callable[[Link], Link], only: Precondition = ANY) -> Link:
        """Change a link that isn't deleted, and return what it is then.

        Of two who change the same version one is first; the other's text is not what Redis has by
        then, and it looks at the version again.

        Raises:
            LinkNotFound, LinkChanged, InvalidLink: as ``only`` says.
            LinkContended: others kept changing it.
        """
        for _ in range(SWAPS):
            raw = self.read(code)
            link = decode(code, raw)
            if link.deleted:
                # A try before, or a delete that was interrupted, may have left its entry.
                self._links.tidy([code])
            only.require_before(link)
            changed = self.stamped(change(link), link)
            only.require_after(changed)
            if self.exchange(raw, link, changed):
                return changed
        raise LinkContended(f"the link {code!r} is being changed by others: try again")

    def stamped(self, changed: Link, before: Link) -> Link:
        """Return a changed link with the time of its change, which no two of its versions share."""
        return replace(changed, updated_ms=max(self._now_ms(), before.updated_ms + 1))

    def exchange(self, raw: bytes, before: Link, after: Link) -> bool:
        """Put a link in the place of another version, if that is still the one that was read.

        Args:
            raw: the text that was read.
        """
        with translated(self._url):
            self._links.enter((key, after) for key in indexes_of(after))
            is_done = self._writer.swap(raw, before, after)
        if is_done:
            self._links.keep_up(before, after)
        return is_done

    def exchange_each(self, changes: Sequence[Exchange]) -> list[bool]:
        """Put links in the place of other versions, some at a time, as :meth:`exchange` does one.

        What was deleted is to be tidied up by who asks.
        """
        with translated(self._url):
            self._links.enter((key, after) for _, _, after in changes for key in indexes_of(after))
            are_done = self._writer.swap_each(changes)
        done = zip(changes, are_done, strict=True)
        self._links.keep_each_up(
            [(before, after) for (_, before, after), is_done in done if is_done]
        )
        return are_done


def indexes_of(link: Link) -> list[str]:
    """Return the keys of the lists that a link is in."""
    if link.deleted:
        return [LINK_TOMBSTONES]
    return [LINK_INDEX, *map(link_tag_key, link.tags)]
