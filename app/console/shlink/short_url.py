"""One short URL: shown, changed, deleted; and the redirect rules that it doesn't have."""

from typing import ClassVar

import falcon

from app.console.api.rights import Rights, caller_of
from app.console.shlink.protocol.bodies import read_body, read_edition
from app.console.shlink.protocol.problems import InvalidData
from app.console.shlink.speaking import Speaking
from app.links.precondition import Precondition


class ShortUrl(Speaking):
    """A short URL by its code."""

    rights: ClassVar[Rights] = {
        "GET": "links:read",
        "PATCH": "links:write",
        "DELETE": "links:write",
    }

    def on_get(self, req: falcon.Request, resp: falcon.Response, code: str) -> None:
        """Show it."""
        [resp.media] = self.shown(req, [self.asked(req, code)])

    on_head = on_get

    def on_patch(self, req: falcon.Request, resp: falcon.Response, code: str) -> None:
        """Change what is given of it, and leave the rest."""
        link = self.asked(req, code)
        given = read_edition(read_body(req), self.now())
        if given:
            only = Precondition(tags=caller_of(req).tags)
            link = self.as_caller(req, "shlink").update(code, given, only=only)
        [resp.media] = self.shown(req, [link])

    def on_delete(self, req: falcon.Request, resp: falcon.Response, code: str) -> None:
        """Delete it for good; its code stays taken, and its visits stay in reports."""
        self.asked(req, code)
        self.as_caller(req, "shlink").delete(code, only=Precondition(tags=caller_of(req).tags))
        resp.status = falcon.HTTP_204


class RedirectRules(Speaking):
    """The redirect rules of a short URL, of which there are none."""

    rights: ClassVar[Rights] = {"GET": "links:read", "POST": "links:write"}

    def on_get(self, req: falcon.Request, resp: falcon.Response, code: str) -> None:
        """Show where it leads, whoever comes."""
        link = self.asked(req, code)
        resp.media = {"defaultLongUrl": link.target, "redirectRules": []}

    on_head = on_get

    def on_post(self, req: falcon.Request, resp: falcon.Response, code: str) -> None:
        """Take no rules for what they are, and refuse others."""
        self.asked(req, code)
        if read_body(req).get("redirectRules") != []:
            raise InvalidData({"redirectRules": "short URLs lead everybody to the same place"})
        self.on_get(req, resp, code)
