"""List of short URLs that a URL's parameters ask for: which, in what order, and which page."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import falcon

from app.console.shlink.protocol.parameters import Numbering, Parameters
from app.links.link import Link
from app.links.validation import InvalidLink, read_tag

_SIZE, _MOST = 10, 1_000
#: What lists are ordered by; by visits, they have to be counted first.
_KEYS: Mapping[str, Callable[[Link], Any] | None] = {
    "dateCreated": lambda link: link.created_ms,
    "shortCode": lambda link: link.code,
    "longUrl": lambda link: link.target,
    "title": lambda link: link.title,
    "visits": None,
    "nonBotVisits": None,
}
_NEWEST = "dateCreated-DESC"
_ORDERS = (
    _NEWEST,
    *(
        f"{field}{way}"
        for field in _KEYS
        for way in ("-ASC", "-DESC", "")
        if field + way != _NEWEST
    ),
)
_MODES = ("any", "all")


@dataclass(frozen=True, slots=True)
class Listing:
    """What is listed.

    Attributes:
        text: that stands in code, target, title or a tag; '' for any.
        tags: as links carry them, of which all or any have to be there.
        without: of which all or any must not be there.
        since: Unix milliseconds from which on a link was made, until: before which.
        order: a field and whether it falls: ``visits-DESC``.
        is_empty: whether another domain's are asked for.
    """

    numbering: Numbering
    text: str
    tags: frozenset[str]
    is_all: bool
    without: frozenset[str]
    is_without_all: bool
    since: float
    until: float
    order: str
    leaves_used_up: bool
    leaves_expired: bool
    is_empty: bool

    @property
    def is_whole(self) -> bool:
        """Whether all links are listed, newest first."""
        chosen = self.text or self.tags or self.without or self.leaves_used_up
        is_bound = self.since > float("-inf") or self.until < float("inf")
        return not (chosen or is_bound or self.leaves_expired) and self.order == _NEWEST

    @property
    def field(self) -> str:
        """What it is ordered by."""
        return self.order.partition("-")[0]

    @property
    def is_falling(self) -> bool:
        """Whether what has most comes first."""
        return self.order.endswith("-DESC")

    @property
    def is_by_visits(self) -> bool:
        """Whether the links' visits have to be counted for it."""
        return _KEYS[self.field] is None

    @property
    def key(self) -> Callable[[Link], Any] | None:
        """What tells the order; None for newest first."""
        return None if self.order == _NEWEST else _KEYS[self.field]

    def narrowest(self, seen: Collection[str]) -> str | None:
        """Return a tag that all of its links carry, None where there is none.

        Args:
            seen: tags of which a link has to carry one for who asks; none for who sees all.
        """
        if self.tags and (self.is_all or len(self.tags) == 1):
            return min(self.tags)
        return next(iter(seen)) if len(seen) == 1 else None

    def match(self, link: Link, uses: int, now: float) -> bool:
        """Tell whether a link is listed.

        Args:
            uses: clicks of its limit that are used.
            now: Unix seconds.
        """
        return (
            self.since <= link.created_ms < self.until
            and _has(link, self.tags, every=self.is_all, default=True)
            and not _has(link, self.without, every=self.is_without_all, default=False)
            and not (self.leaves_expired and link.expires_at and link.expires_at <= now)
            and not (self.leaves_used_up and link.click_limit and uses >= link.click_limit)
            and self._has_text(link)
        )

    def _has_text(self, link: Link) -> bool:
        text = self.text.casefold()
        told = (link.code, link.target, link.title, *link.tags)
        return not text or any(text in each.casefold() for each in told)


def read_listing(req: falcon.Request, is_ours: Callable[[object], bool]) -> Listing:
    """Return what a request asks to be listed.

    Args:
        is_ours: tells whether a domain is the one that links have.

    Raises:
        InvalidData: naming the parameters that can't be used.
    """
    read = Parameters(req)
    tags, without = (_tags(read, name) for name in ("tags", "excludeTags"))
    modes = [read.choice(name, _MODES) for name in ("tagsMode", "excludeTagsMode")]
    since, until = read.since(), read.until()
    domain = read.text("domain")
    # Keys have no authors among the links, so that nobody's are listed by another key's name.
    listing = Listing(
        numbering=read.numbering(size=_SIZE, most=_MOST),
        text=read.text("searchTerm").strip(),
        tags=tags,
        is_all=modes[0] == "all",
        without=without,
        is_without_all=modes[1] == "all",
        since=_ms(since, float("-inf")),
        until=_ms(until, float("inf")),
        order=read.order(_ORDERS),
        leaves_used_up=read.flag("excludeMaxVisitsReached"),
        leaves_expired=read.flag("excludePastValidUntil"),
        is_empty=not is_ours(domain),
    )
    if read.text("apiKeyName"):
        read.faults["apiKeyName"] = "short URLs don't tell which key has made them: see the audit"
    read.require()
    return listing


def _tags(read: Parameters, name: str) -> frozenset[str]:
    try:
        return frozenset(tag for text in read.texts(name) if (tag := read_tag(text)))
    except InvalidLink as error:
        read.faults[name] = error.faults["tag"]
        return frozenset()


def _has(link: Link, tags: Collection[str], *, every: bool, default: bool) -> bool:
    """Tell whether a link carries all or any of some tags; the default without any."""
    if not tags:
        return default
    return all(tag in link.tags for tag in tags) if every else any(tag in link.tags for tag in tags)


def _ms(time: datetime | None, default: float) -> float:
    return default if time is None else time.timestamp() * 1000
