"""Store that keeps links in Redis: a string key for each, and sorted sets of codes to list them by.

Rule 1: an index entry is written before its link, and taken away after its tombstone, which is
        final, was written: no link can be missing from a list. The tombstone's own entry comes
        before the tombstone. Readers skip entries whose link is missing, deleted or has lost the
        tag.
Rule 2: a link changes only by compare-and-set of its whole text, so that no editor overwrites
        what another has just written.
Rule 3: a deleted link leaves a tombstone, which answers 410 and keeps its code taken: a printed
        code never comes to lead somewhere else.
"""

import logging
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from app.changes.author import Author, local_author
from app.config.settings import Settings
from app.links import codes
from app.links.editor import LinkEditor, indexes_of
from app.links.imported import ImportedCounts
from app.links.link import CodeTaken, CorruptLink, Link, decode, is_tombstone, tombstone
from app.links.listing import LinkList
from app.links.making import Note, make
from app.links.precondition import ANY, Precondition
from app.links.target_index import TargetIndex
from app.links.validation import LinkOptions
from app.links.writer import LinkWriter
from app.stores.keys import link_key, link_spent_key, link_uses_key
from app.stores.redis.client import connect, despite_full
from app.stores.redis.errors import translated

if TYPE_CHECKING:
    import redis

logger = logging.getLogger(__name__)

#: Tries before a made-up code grows by a character, and characters by which it may grow.
_TRIES = 5
_GROWTH = 3


def open_store(settings: Settings) -> "LinkStore":
    """Return the store of an installation; it connects when first used."""
    return LinkStore(
        connect(settings.redis_url, timeout_seconds=settings.redis_timeout_seconds),
        url=settings.redis_url,
        options=LinkOptions(
            settings.link_hosts, allow_private_targets=settings.allow_private_targets
        ),
        code_length=settings.code_length,
    )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class LinkStore:
    """Creates, finds, lists and changes links; every call blocks for Redis.

    Args:
        client: Redis client that speaks bytes.
        url: where it connects to, for error texts.
        options: checks what links are given.
        code_length: characters of a made-up code.
        now_ms: clock in Unix milliseconds.
        choice: picks one character of a made-up code.
        author: whose changes they are; by default whoever runs this process.

    Every method raises :class:`app.stores.redis.errors.RedisUnavailable` or
    :class:`app.stores.redis.errors.RedisRefused` when Redis doesn't do its part.
    """

    def __init__(
        self,
        client: "redis.Redis",
        *,
        url: str,
        options: LinkOptions,
        code_length: int,
        now_ms: Callable[[], int] = _now_ms,
        choice: Callable[[str], str] = secrets.choice,
        author: Author | None = None,
    ) -> None:
        self._client = client
        self._url = url
        self._options = options
        self._code_length = code_length
        self._now_ms = now_ms
        self._choice = choice
        self.links = LinkList(client, url)
        self.targets = TargetIndex(client, url)
        self.imported = ImportedCounts(client, url)
        self._write_as(author or local_author())

    def by(self, author: Author) -> "LinkStore":
        """Return a store that shares all with this one, and whose changes are the author's."""
        other = copy(self)
        other._write_as(author)
        return other

    def _write_as(self, author: Author) -> None:
        self._writer = LinkWriter(self._client, self._url, author)
        self.editor = LinkEditor(self._client, self._url, self._writer, self.links, self._now_ms)

    def create(
        self, given: Mapping[str, object], *, code: str | None = None, only: Precondition = ANY
    ) -> Link:
        """Store a new link under the chosen code, or under one made up.

        Args:
            only: what it has to be.

        Raises:
            InvalidLink: an option or the code can't be used.
            CodeTaken: the chosen code is not free.
        """
        link = self.draft(given, code=code)
        only.require_after(link)
        return make(self, link, is_chosen=code is not None)

    def draft(
        self, given: Mapping[str, object], *, code: str | None = None, created_ms: int | None = None
    ) -> Link:
        """Return a new link that is not stored yet.

        Raises:
            InvalidLink: an option or the code can't be used.
        """
        faults = {}
        if code is None:
            code = codes.random_code(self._code_length, self._choice)
        elif not codes.is_valid(code):
            faults["code"] = f"{code!r} can't be one: {codes.EXPECTED}"
        if "target" not in given:
            faults["target"] = "it is missing: say where the link leads"
        now_ms = self._now_ms()
        held = self._options.check(given, now=now_ms / 1000, faults=faults)
        created_ms = now_ms if created_ms is None else created_ms
        return Link(code=code, created_ms=created_ms, updated_ms=now_ms, **held)

    def put_new(self, links: Sequence[Link]) -> list[bytes | None]:
        """Store each link whose code is free, in two round trips; one more for deleted ones' codes.

        Returns: for each link None, or the text of the link that has its code already.
        """
        with translated(self._url):
            # On its own: of a cluster the nodes of index and links don't wait for each other.
            indexed = self._client.pipeline(transaction=False)
            for link in links:
                for index in indexes_of(link):
                    indexed.zadd(index, {link.code: link.created_ms}, nx=True)
            indexed.execute()
            held = self._writer.put(links)
            pairs = zip(links, held, strict=True)
            self.links.take_off(
                [link for link, raw in pairs if not link.deleted and is_tombstone(raw)]
            )
            return held

    def put_elsewhere(self, link: Link, note: Note = lambda _: None) -> Link:
        """Store a link whose made-up code is taken under another, and return it.

        Args:
            note: is told of each before it is tried.

        Raises:
            CodeTaken: no free code was found, even with some more characters.
        """
        for tried in range(_TRIES * (_GROWTH + 1)):
            length = self._code_length + tried // _TRIES
            link = replace(link, code=codes.random_code(length, self._choice))
            note(link)
            if self.put_new([link])[0] is None:
                logger.warning("Codes of length %d are getting scarce", self._code_length)
                return link
        raise CodeTaken(f"no free code of length {self._code_length} was found")

    def peek(self, codes_wanted: Sequence[str]) -> list[bytes | None]:
        """Return the text of each code's link, or None where there is none, in one round trip."""
        with translated(self._url):
            keys = [link_key(code) for code in codes_wanted]
            return cast("list[bytes | None]", self._client.mget(keys)) if keys else []

    def readable(self, codes_wanted: Sequence[str]) -> dict[str, Link]:
        """Return links by code, deleted ones too; those that nobody can read are left out."""
        found = {}
        for code, raw in zip(codes_wanted, self.peek(codes_wanted), strict=True):
            with suppress(CorruptLink):
                if raw is not None:
                    found[code] = decode(code, raw)
        return found

    def get(self, code: str) -> Link:
        """Return the link, which may be a tombstone.

        Raises:
            LinkNotFound: there never was one.
            CorruptLink: it can't be read.
        """
        return decode(code, self.editor.read(code))

    def put(
        self, code: str, given: Mapping[str, object], *, only: Precondition = ANY
    ) -> tuple[Link, bool]:
        """Store a link as a whole, perhaps in another's place, and tell whether it is new.

        Args:
            only: as for :meth:`update`; with no version at all it replaces no link.

        Raises:
            InvalidLink: an option or the code can't be used.
            LinkNotFound: there is no link of the version, or it was deleted.
            LinkChanged: the link there is another version.
            LinkContended: others kept changing it.
        """
        draft = self.draft(given, code=code)
        only.require_after(draft)
        may_be_new = not only.versions and not only.is_there
        if may_be_new and self.put_new([draft])[0] is None:
            return draft, True
        return self.editor.swap(
            code, lambda link: replace(draft, created_ms=link.created_ms), only
        ), False

    def update(self, code: str, given: Mapping[str, object], *, only: Precondition = ANY) -> Link:
        """Change the given options of a link and leave the others as they are.

        Args:
            only: what the link has to be.

        Raises:
            InvalidLink: an option can't be used.
            LinkNotFound: there is no such link any more.
            LinkChanged: it is another version.
            LinkContended: others kept changing it.
        """
        return self.editor.swap(code, lambda link: self.changed(link, given), only)

    def changed(self, link: Link, given: Mapping[str, object]) -> Link:
        """Return what a link is with the given options, which is not stored.

        Raises:
            InvalidLink: an option can't be used.
        """
        return replace(link, **self.check(given))

    def check(self, given: Mapping[str, object]) -> dict[str, Any]:
        """Return options as a link holds them.

        Raises:
            InvalidLink: some can't be used.
        """
        return self._options.check(given, now=self._now_ms() / 1000)

    def delete(self, code: str, *, only: Precondition = ANY) -> Link:
        """Leave only the link's tombstone, and return that.

        Raises: what :meth:`update` does.
        """
        was = list[Link]()

        def buried(link: Link) -> Link:
            was[:] = [link]
            return tombstone(code, link.created_ms, link.updated_ms)

        left = self.editor.swap(code, buried, only)
        self.forget_uses(was)
        self.links.tidy([code])
        return left

    def forget_uses(self, deleted: Sequence[Link]) -> None:
        """Delete the counters of links that were deleted, but for what a restored one goes on from.

        Args:
            deleted: as they were.
        """
        with translated(self._url), self._client.pipeline(transaction=False) as forgotten:
            for link in deleted:
                key = link_uses_key(link.code)
                forgotten.delete(link_spent_key(link.code))
                if link.click_limit is None:
                    forgotten.delete(key)
                else:
                    # That none were used is known, too.
                    forgotten.execute_command(*despite_full(key, "SET", key, 0, "NX"))  # type: ignore[no-untyped-call]
            forgotten.execute()

    def has_uses(self, code: str) -> bool:
        """Tell whether it is known how many clicks of a limited link were used."""
        with translated(self._url):
            return bool(self._client.exists(link_uses_key(code)))

    def ping(self) -> None:
        """Have Redis look for a link that can't be; a PING works where no link may be read."""
        with translated(self._url):
            self._client.get(link_key("-/ready"))

    def uses(self, link: Link) -> int:
        """Return how many clicks of a link's limit are used; 0 for one without."""
        return self.uses_of([link])[link.code]

    def uses_of(self, links: Sequence[Link]) -> dict[str, int]:
        """Return by code how many clicks of each link's limit are used, in one round trip."""
        uses = {link.code: 0 for link in links}
        uses.update(
            self.uses_by_code([link.code for link in links if link.click_limit is not None])
        )
        return uses

    def uses_by_code(self, limited: Sequence[str]) -> dict[str, int]:
        """Return how many clicks of limited links are used, in one round trip."""
        if not limited:
            return {}
        with translated(self._url):
            found: Any = self._client.mget(map(link_uses_key, limited))
        return {code: int(raw or 0) for code, raw in zip(limited, found, strict=True)}

    def restore_uses(self, code: str, uses: int) -> None:
        """Set how many clicks of a limited link were used, unless that is known here."""
        if uses:
            with translated(self._url):
                self._client.set(link_uses_key(code), uses, nx=True)
