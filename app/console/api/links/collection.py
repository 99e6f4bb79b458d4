"""Endpoint of all links: /api/v1/links."""

from collections.abc import Mapping
from functools import partial
from typing import ClassVar

import falcon

from app.console.api.body import read_object
from app.console.api.idempotency import HEADER, Answer, Attempt, Draft, KeptAnswers
from app.console.api.links.models import NewLink, require
from app.console.api.links.paging import (
    link_header,
    read_criteria,
    read_cursor,
    read_limit,
    write_cursor,
)
from app.console.api.links.showing import LINK_PATH, LINKS_PATH, Showing
from app.console.api.rights import Rights, caller_of
from app.links.link import Link, decode, encode, version
from app.links.making import make
from app.links.precondition import Precondition
from app.links.search import search
from app.links.store import LinkStore


class Links(Showing):
    """All links.

    Args:
        answers: to requests with an Idempotency-Key.
    """

    def __init__(self, links: LinkStore, link_base: str, answers: KeptAnswers) -> None:
        super().__init__(links, link_base)
        self._answers = answers

    rights: ClassVar[Rights] = {"GET": "links:read", "POST": "links:write"}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List links that are not deleted, newest first; see :mod:`app.links.search`."""
        criteria = read_criteria(req.params, caller_of(req).tags)
        after, limit = read_cursor(req.params, criteria), read_limit(req.params)
        found = search(self.links, criteria, limit=limit, now=self.clock(), after=after)
        cursor = write_cursor(criteria, found.after) if found.after else None
        data = [self.plain(link, uses) for link, uses in found.links]
        resp.media = {"data": data, "next_cursor": cursor}
        if cursor:
            resp.append_header("Link", link_header(LINKS_PATH, req.params, cursor))

    on_head = on_get

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Make a link, under the code that is given or one that is made up."""
        given = read_object(req, (falcon.MEDIA_JSON,))
        code = given.get("code")
        options = {name: value for name, value in given.items() if name != "code"}
        require(NewLink, given, partial(self._check, code=code))
        only = Precondition(tags=caller_of(req).tags)
        links = self.as_caller(req)

        def draft() -> Draft:
            link = links.draft(options, code=code)
            only.require_after(link)
            return _to_draft(link)

        answer, is_repeated = self._answers.once(
            caller_of(req).id,
            req.get_header(HEADER),
            given,
            draft,
            lambda attempt: self._make(links, attempt, is_chosen=code is not None),
        )
        resp.status = falcon.HTTP_201
        resp.media = answer["link"]
        resp.etag = answer["version"]
        resp.location = LINK_PATH.format(code=answer["link"]["code"])
        if is_repeated:
            resp.set_header("Idempotency-Replayed", "true")

    def _make(self, links: LinkStore, attempt: Attempt, *, is_chosen: bool) -> Answer:
        drafted = attempt.draft
        link = make(
            links,
            decode(drafted["code"], drafted["text"].encode()),
            is_chosen=is_chosen,
            is_another_try=attempt.is_another,
            note=lambda link: attempt.note(_to_draft(link)),
        )
        return {"link": self.plain(link, 0), "version": version(link)}

    def _check(self, options: Mapping[str, object], code: object) -> None:
        given = {name: value for name, value in options.items() if name != "code"}
        self.links.draft(given, code=code if isinstance(code, str) else None)


def _to_draft(link: Link) -> Draft:
    return {"code": link.code, "text": encode(link).decode()}
