"""Tags of links: which there are, and a tag that is renamed or taken off all its links.

Rule 1: a tag is renamed link by link, each with its line in the trail. Whoever is killed in the
        middle has left word of it: the same rename goes on, also where the new tag has links then.
Rule 2: who sees only links with some tags renames a tag on those links, and none of these tags:
        what it sees becomes neither more nor less by it.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from app.config.settings import Settings
from app.links.link import Link
from app.links.many import Outcome, change_each
from app.links.precondition import ANY, Precondition
from app.links.store import LinkStore, open_store
from app.links.validation import InvalidLink, read_tag
from app.stores.keys import API_TAG_RENAMES
from app.stores.redis.client import connect, despite_full
from app.stores.redis.errors import translated

if TYPE_CHECKING:
    import redis


class TagNotFound(Exception):
    """No link has this tag; the text names it."""


class TagTaken(Exception):
    """Links have the tag already that another shall become."""


class TagKept(Exception):
    """Who sees only links with this tag can't rename it or take it off."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag.

    Attributes:
        links: that carry it.
        becomes: what it is being renamed to, by somebody who may have been interrupted.
    """

    name: str
    links: int
    becomes: str | None = None


class Tags:
    """Lists and changes tags of links.

    Args:
        counts: counts links by their tags, of those with some tags alone; where it can't, all links
            are looked at.

    Every method blocks for Redis, and raises :class:`app.stores.redis.errors.RedisUnavailable` or
    :class:`app.stores.redis.errors.RedisRefused` when Redis doesn't do its part.
    """

    def __init__(
        self,
        client: "redis.Redis",
        url: str,
        store: LinkStore,
        counts: Callable[[Sequence[str]], dict[str, int] | None] | None = None,
    ) -> None:
        self._client = client
        self._url = url
        self._store = store
        self._counts = counts

    def by(self, store: LinkStore) -> "Tags":
        """Return tags whose changes are those of another store's author."""
        return Tags(self._client, self._url, store, self._counts)

    def all(self, only: Precondition = ANY) -> list[Tag]:
        """Return every tag by its name.

        Args:
            only: of which links.
        """
        counts = self._count(only)
        becoming = self._becoming()
        return [Tag(name, counts[name], becoming.get(name)) for name in sorted(counts)]

    def rename(
        self, name: str, new: str, only: Precondition = ANY, *, merges: bool = False
    ) -> Iterator[Outcome]:
        """Rename a tag on all its links, and yield what became of each.

        What is repeated goes on; of links that get the tag meanwhile it renames that as well.

        Args:
            only: on which links.
            merges: whether other links may have the new tag already.

        Raises:
            InvalidLink: one is no tag.
            TagNotFound: no link has it.
            TagTaken: others have the new one.
            TagKept: see rule 2.
        """
        old, new = _read("tag", name), _read("name", new)
        if old == new:
            raise InvalidLink("name", f"the tag is called {new!r} already")
        self._require(old, only)
        is_begun = self._becoming().get(old) == new
        if not (merges or is_begun) and self._has_links(new, only):
            raise TagTaken(f"links have the tag {new!r} already: merge the two, or choose another")
        return self._renamed(old, new, only)

    def remove(self, name: str, only: Precondition = ANY) -> Iterator[Outcome]:
        """Take a tag off all links, which stay, and yield what became of each.

        Raises:
            InvalidLink, TagNotFound, TagKept: as :meth:`rename` does.
        """
        tag = _read("tag", name)
        self._require(tag, only)
        return self._each(tag, lambda link: _without(link, tag), only)

    def _renamed(self, old: str, new: str, only: Precondition) -> Iterator[Outcome]:
        with translated(self._url):
            note = despite_full(API_TAG_RENAMES, "HSET", API_TAG_RENAMES, old, new)
            self._client.execute_command(*note)  # type: ignore[no-untyped-call]
        yield from self._each(old, lambda link: _with(_without(link, old), new), only)
        with translated(self._url):
            self._client.hdel(API_TAG_RENAMES, old)

    def _each(
        self, tag: str, change: Callable[[Link], Link], only: Precondition
    ) -> Iterator[Outcome]:
        """Change links with a tag until none is left that could be."""
        while True:
            is_done = True
            codes = (link.code for link in self._store.links.scan(tag=tag) if only.concerns(link))
            for outcome in change_each(self._store, codes, change, only):
                is_done = is_done and outcome.kind != "updated"
                yield outcome
            if is_done:
                return

    def _require(self, tag: str, only: Precondition) -> None:
        if tag in only.tags:
            raise TagKept(f"who sees only links with the tag {tag!r} can't take it off them")
        if not self._has_links(tag, only):
            raise TagNotFound(f"no link has the tag {tag!r}")

    def _has_links(self, tag: str, only: Precondition) -> bool:
        return any(only.concerns(link) for link in self._store.links.scan(tag=tag))

    def _count(self, only: Precondition) -> dict[str, int]:
        if self._counts:
            found = self._counts(tuple(only.tags))
            if found is not None:
                return found
        return Counter(tag for link in self._visible(only) for tag in link.tags)

    def _visible(self, only: Precondition) -> Iterator[Link]:
        one = next(iter(only.tags)) if len(only.tags) == 1 else None
        return (link for link in self._store.links.scan(tag=one) if only.concerns(link))

    def _becoming(self) -> dict[str, str]:
        with translated(self._url):
            held = cast("dict[bytes, bytes]", self._client.hgetall(API_TAG_RENAMES))
        return {old.decode(): new.decode() for old, new in held.items()}


def open_tags(
    settings: Settings, counts: Callable[[Sequence[str]], dict[str, int] | None] | None = None
) -> Tags:
    """Return the tags of an installation; it connects when first used."""
    url = settings.redis_url
    client = connect(url, timeout_seconds=settings.redis_timeout_seconds)
    return Tags(client, url, open_store(settings), counts)


def _read(name: str, text: str) -> str:
    try:
        tag = read_tag(text)
    except InvalidLink as error:
        raise InvalidLink(name, error.faults["tag"]) from None
    if not tag:
        raise InvalidLink(name, "it is empty")
    return tag


def _without(link: Link, tag: str) -> Link:
    return replace(link, tags=tuple(each for each in link.tags if each != tag))


def _with(link: Link, tag: str) -> Link:
    return replace(link, tags=tuple(sorted({*link.tags, tag})))
