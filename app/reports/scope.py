"""Scope of a query: which links it names, and whether there are such links."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from app.links.precondition import Precondition
from app.links.store import LinkStore
from app.links.validation import InvalidLink, read_tag
from app.reports.answer import Answer
from app.reports.query import BadQuery, Query

#: As many as one statement names; each takes a look into the table's index.
MAX_TAGGED = 10_000


class OutOfScope(Exception):
    """A query asks about links with a tag which whoever asks may not see; the text says which."""


def restricted(query: Query, tags: Sequence[str], links: LinkStore) -> Query:
    """Return a query as it is for who sees only links that carry one of some tags.

    Args:
        tags: as links carry them; none for who sees all links.

    Raises:
        OutOfScope: it asks about another tag.
        LinkNotFound: it asks about a link that carries none of them, as of one that there isn't.
        BadQuery: it asks about all links, and there are several tags.
        RedisUnavailable, RedisRefused: Redis doesn't do its part.
    """
    if not tags:
        return query
    if query.codes:
        for code in query.codes:
            Precondition(tags=tags).require_before(links.get(code))
        return query
    if not query.tag and len(tags) > 1:
        raise BadQuery("tag", f"say which, for this key sees links of several: {', '.join(tags)}")
    tag = query.tag or tags[0]
    if _as_carried(tag) not in tags:
        raise OutOfScope(f"This key sees only links with the tag {' or '.join(tags)}.")
    return replace(query, tag=tag)


def tagged_codes(query: Query, links: LinkStore) -> tuple[str, ...]:
    """Return the codes of the links that carry a query's tag today; none where it has no tag.

    Raises:
        BadQuery: no link can carry it, or too many do.
        RedisUnavailable, RedisRefused: Redis doesn't do its part.
    """
    if not query.tag:
        return ()
    try:
        found = islice(links.links.scan(tag=query.tag), MAX_TAGGED + 1)
        codes = tuple(link.code for link in found)
    except InvalidLink as error:
        raise BadQuery("tag", str(error)) from None
    if len(codes) > MAX_TAGGED:
        raise BadQuery("tag", f"more than {MAX_TAGGED} links carry it: ask about all, or by codes")
    return codes


def _as_carried(tag: str) -> str:
    try:
        return read_tag(tag)
    except InvalidLink as error:
        raise BadQuery("tag", str(error)) from None


def require_links(answer: Answer, links: LinkStore) -> None:
    """Check that the links exist about which an answer has no clicks to tell.

    Raises:
        LinkNotFound: one of them does not.
        RedisUnavailable, RedisRefused: Redis doesn't do its part.
    """
    if answer.is_empty:
        for code in answer.query.codes:
            links.get(code)
