"""Request that a client of YOURLS makes, and a link as the answers to it show one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import falcon

from app.console.api.rights import author_of, caller_of
from app.keys.caller import Caller
from app.links.codes import named
from app.links.link import CorruptLink, Link, LinkNotFound
from app.links.store import LinkStore

_NUMBER = re.compile(r"\s*([0-9]{1,9})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client asks for.

    Attributes:
        given: parameters by name.
        req: the request, whose caller is known.
    """

    given: Mapping[str, str]
    req: falcon.Request

    @property
    def caller(self) -> Caller:
        """Who asks."""
        return caller_of(self.req)

    def text(self, name: str) -> str:
        """Return a parameter, '' where there is none."""
        return self.given.get(name, "")

    def number(self, name: str) -> int:
        """Return the number that a parameter begins with, 0 where it begins with none."""
        found = _NUMBER.match(self.text(name))
        return int(found[1]) if found else 0


class Shelf:
    """Links as clients of YOURLS see them.

    Attributes:
        links: all of them.

    Args:
        link_base: what stands before a code in a short URL.
    """

    def __init__(self, links: LinkStore, link_base: str) -> None:
        self.links = links
        self._link_base = link_base

    def of(self, asked: Asked) -> LinkStore:
        """Return the store whose changes are those of who asks."""
        return self.links.by(author_of(asked.req, "yourls"))

    def short_url(self, link: Link) -> str:
        """Return what visitors follow."""
        return f"{self._link_base}/{link.code}"

    def has(self, url: str) -> bool:
        """Tell whether a URL is, or would be, one of our short ones."""
        return url.startswith(f"{self._link_base}/")

    def keyword(self, asked: Asked) -> str:
        """Return the code of the short URL that is asked about, which may be a code alone."""
        return named(asked.text("shorturl"))

    def seen(self, code: str, caller: Caller) -> Link | None:
        """Return a link that is there for a caller, None where there is none that can be read."""
        try:
            link = self.links.get(code)
        except (LinkNotFound, CorruptLink):
            return None
        return link if caller.sees(link.tags) and not link.deleted else None

    def row(self, link: Link, clicks: int) -> dict[str, str]:
        """Return a link as reports have it."""
        return {
            "shorturl": self.short_url(link),
            "url": link.target,
            "title": title_of(link),
            "timestamp": time_of(link),
            "ip": "",
            "clicks": str(clicks),
        }


def title_of(link: Link) -> str:
    """Return a link's title; one without any is shown by its target, as YOURLS does."""
    return link.title or link.target


def time_of(link: Link) -> str:
    """Return when a link was made, in UTC."""
    return f"{datetime.fromtimestamp(link.created_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}"
