"""Base of the resources that show links: the store, and a link as the answer to a request."""

import time
from collections.abc import Callable

import falcon
import orjson

from app.console.api.rights import author_of, caller_of
from app.links.json import describe
from app.links.link import Link, version
from app.links.precondition import Precondition
from app.links.store import LinkStore

#: Where all links are, and where one is.
LINKS_PATH = "/api/v1/links"
LINK_PATH = f"{LINKS_PATH}/{{code}}"


class Showing:
    """Shows links of a store.

    Args:
        link_base: what stands before a code in a short URL.
        clock: Unix seconds.
    """

    def __init__(
        self, links: LinkStore, link_base: str, clock: Callable[[], float] = time.time
    ) -> None:
        self.links = links
        self._link_base = link_base
        self.clock = clock

    def as_caller(self, req: falcon.Request, via: str = "http") -> LinkStore:
        """Return the store whose changes are those of who asks."""
        return self.links.by(author_of(req, via))

    def seen_by(self, req: falcon.Request, code: str) -> Link:
        """Return a link that is there for who asks.

        Raises:
            LinkNotFound: it never was, or carries none of the caller's tags; what was deleted
                carries none at all.
            LinkDeleted: it was, once.
        """
        link = self.links.get(code)
        Precondition(tags=caller_of(req).tags).require_before(link)
        return link

    def short_url(self, link: Link) -> str:
        """Return what visitors follow."""
        return f"{self._link_base}/{link.code}"

    def show(self, resp: falcon.Response, link: Link) -> None:
        """Answer with a link and its version, and say where it is."""
        resp.data = orjson.dumps(self.plain(link, self.links.uses(link)))
        resp.content_type = falcon.MEDIA_JSON
        resp.etag = version(link)

    def plain(self, link: Link, uses: int) -> dict[str, object]:
        """Return a link as JSON holds it."""
        return describe(link, short_url=self.short_url(link), uses=uses, now=self.clock())
