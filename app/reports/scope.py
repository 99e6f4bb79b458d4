"""Scope of a query: which links it names, and whether there are such links."""

from itertools import islice

from app.links.store import LinkStore
from app.links.validation import InvalidLink
from app.reports.answer import Answer
from app.reports.query import BadQuery, Query

#: As many as one statement names; each takes a look into the table's index.
MAX_TAGGED = 10_000


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


def require_links(answer: Answer, links: LinkStore) -> None:
    """Check that the links exist about which an answer has no clicks to tell.

    Raises:
        LinkNotFound: one of them does not.
        RedisUnavailable, RedisRefused: Redis doesn't do its part.
    """
    if answer.is_empty:
        for code in answer.query.codes:
            links.get(code)
