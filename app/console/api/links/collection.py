"""Endpoint of all links: /api/v1/links."""

from collections.abc import Mapping
from functools import partial
from typing import ClassVar

import falcon

from app.console.api.body import read_object
from app.console.api.idempotency import HEADER, Answer, Attempt, Draft, KeptAnswers
from app.console.api.links.models import NewLink, require
from app.console.api.links.paging import (
    includes_clicks,
    link_header,
    read_cursor,
    read_limit,
    read_question,
    write_cursor,
)
from app.console.api.links.showing import LINK_PATH, LINKS_PATH, Showing
from app.console.api.rights import Rights, caller_of
from app.links.index.finder import Finder
from app.links.index.index import Hit
from app.links.link import Link, decode, encode, version
from app.links.making import make
from app.links.precondition import Precondition
from app.links.store import LinkStore
from app.times import rfc3339


class Links(Showing):
    """All links.

    Args:
        answers: to requests with an Idempotency-Key.
        finder: of links.
    """

    def __init__(
        self, links: LinkStore, link_base: str, answers: KeptAnswers, finder: Finder
    ) -> None:
        super().__init__(links, link_base)
        self._answers = answers
        self._finder = finder

    rights: ClassVar[Rights] = {"GET": "links:read", "POST": "links:write"}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List links by text, tags and state, in any order; newest first by default."""
        question = read_question(req.params, caller_of(req).tags)
        after, limit = read_cursor(req.params, question), read_limit(req.params)
        has_clicks = includes_clicks(req.params)
        found = self._finder.find(question, limit=limit, now=self.clock(), after=after)
        cursor = write_cursor(question, found.after) if found.after else None
        page: dict[str, object] = {
            "data": [self._listed(hit, has_clicks, found.clicks_as_of) for hit in found.hits],
            "next_cursor": cursor,
        }
        if has_clicks:
            page["clicks_as_of"] = _moment(found.clicks_as_of)
        resp.media = page
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

    def _listed(self, hit: Hit, has_clicks: bool, as_of: float | None) -> dict[str, object]:
        plain = self.plain(hit.link, hit.uses)
        if has_clicks:
            plain["clicks"] = None if as_of is None else hit.clicks
            plain["last_click_at"] = rfc3339(hit.last_click_ms) if hit.last_click_ms else None
        return plain

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


def _moment(unix_seconds: float | None) -> str | None:
    return None if unix_seconds is None else rfc3339(int(unix_seconds * 1000))
