"""Endpoints that report on clicks: GET /api/v1/links/{code}/stats, GET and POST /api/v1/stats."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, ClassVar

import falcon

from app.console.api.body import BadBody, read_json
from app.console.api.operation import JsonObject, Operation, Operations, Parameter
from app.console.api.problem import InvalidParameter
from app.console.api.report_limiter import ReportLimiter
from app.console.api.rights import Rights, caller_of
from app.links.store import LinkStore
from app.reports.answer import to_json
from app.reports.json_form import from_json
from app.reports.query import BadQuery, Query
from app.reports.reading.reader import Reports
from app.reports.scope import require_links, restricted, tagged_codes
from app.reports.spellings import NAMES, PATH, read, read_parameters

_PARAMETERS = tuple(Parameter(name, "query", "See docs/reports.md.") for name in NAMES)
_PROBLEMS = ("invalid-parameter", "link-not-found", "out-of-scope")
#: What the document of the interface says of reports on one link, and on any.
LINK_STATS: Operations = {
    "GET": Operation(_PARAMETERS[1:], answers={200: JsonObject}, problems=_PROBLEMS)
}
ANY_STATS: Operations = {
    "GET": Operation(_PARAMETERS, answers={200: JsonObject}, problems=_PROBLEMS),
    "POST": Operation(body=JsonObject, answers={200: JsonObject}, problems=_PROBLEMS),
}


class Asking:
    """Answers with a report, in the form of :func:`app.reports.answer.to_json`.

    Every method raises:
        InvalidParameter: naming the first parameter that can't be used.
        LinkNotFound: a code has no link, and there are no clicks; or the caller may not see it.
        OutOfScope: the caller may not see what carries the tag.
        falcon.HTTPServiceUnavailable: too many reports are at work, or it took too long.
        RedisError, ClickHouseError: a store doesn't do its part.
    """

    def __init__(self, reports: Reports, links: LinkStore, limiter: ReportLimiter) -> None:
        self._reports = reports
        self._links = links
        self._limiter = limiter

    def answer(
        self, req: falcon.Request, resp: falcon.Response, texts: Mapping[str, Sequence[str]]
    ) -> None:
        """Answer the query that a URL asks."""
        now = datetime.now(UTC)
        with _naming_parameters():
            self.share(req, resp, req.relative_uri, read(texts, now), now)

    def share(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        question: Hashable,
        query: Query,
        now: datetime,
    ) -> None:
        """Answer a query together with whoever asks the same question meanwhile."""
        tags = caller_of(req).tags
        resp.media = self._limiter.answer(
            req, (question, tags), lambda: self._report(query, tags, now)
        )

    def _report(self, asked: Query, tags: Sequence[str], now: datetime) -> dict[str, Any]:
        query = restricted(asked, tags, self._links)
        answer = self._reports.ask(query, now, tagged_codes(query, self._links))
        require_links(answer, self._links)
        return to_json(answer)


class LinkStats(Asking):
    """Answers with a report on one link; its parameters are those of any report."""

    rights: ClassVar[Rights] = {"GET": "stats:read"}

    def on_get(self, req: falcon.Request, resp: falcon.Response, code: str) -> None:
        """Answer GET."""
        texts = read_parameters(req.query_string)
        if "code" in texts:
            raise InvalidParameter("code", f"stands in the path; for several ask {PATH}")
        self.answer(req, resp, {**texts, "code": [code]})

    on_head = on_get


class AnyStats(Asking):
    """Answers with a report on several links, those of a tag, or all."""

    rights: ClassVar[Rights] = {"GET": "stats:read", "POST": "stats:read"}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer GET."""
        self.answer(req, resp, read_parameters(req.query_string))

    on_head = on_get

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer POST, whose body is a query as :mod:`app.reports.json_form` writes it."""
        now = datetime.now(UTC)
        with _naming_parameters():
            query = from_json(read_json(req), now)
            self.share(req, resp, query, query, now)


@contextmanager
def _naming_parameters() -> Iterator[None]:
    """Have a complaint about a query name its parameter."""
    try:
        yield
    except BadQuery as error:
        raise InvalidParameter(error.field, str(error)) from None
    except BadBody as error:
        raise InvalidParameter(error.field or "query", error.detail) from None
