"""Answer that a visitor of a link gets, told before anybody follows it."""

from dataclasses import dataclass
from http import HTTPStatus

from app.links.link import Link, State

#: Cache-Control of redirects that name none; tests hold it to the redirect's own.
DEFAULT_CACHE_CONTROL = "private, max-age=0, no-store"


@dataclass(frozen=True, slots=True)
class Gets:
    """A status line, and the header fields that matter."""

    line: str
    fields: tuple[tuple[str, str], ...]
    note: str


def visitor_gets(link: Link, state: State) -> Gets:
    """Return what a visitor of a link in a state gets."""
    if state != "live":
        line = f"410 {HTTPStatus.GONE.phrase}"
        return Gets(line, (), f"A page that says that the link is {state.replace('_', ' ')}.")
    fields = [
        ("Location", link.target),
        ("Cache-Control", link.cache_control or DEFAULT_CACHE_CONTROL),
    ]
    note = "The visit's own query is added to the Location." if link.forward_query else ""
    return Gets(f"{link.status} {HTTPStatus(link.status).phrase}", tuple(fields), note)
