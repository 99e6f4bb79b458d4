"""Endpoints that report on clicks: /api/v1/links/{code}/stats, /api/v1/stats, and /stats/query."""

from collections.abc import Hashable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Annotated, Any, ClassVar

import falcon
import orjson
from pydantic import BaseModel, ConfigDict, Field

from app.console.api.body import BadBody, read_json, read_object
from app.console.api.operation import JsonObject, Operation, Operations, Parameter, Shown
from app.console.api.problem import InvalidParameter
from app.console.api.report_limiter import ReportLimiter
from app.console.api.rights import Rights, caller_of
from app.links.store import LinkStore
from app.reports.answer import to_json
from app.reports.filters import Dimension
from app.reports.json_form import from_json
from app.reports.query import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    BadQuery,
    Comparison,
    Interval,
    Metric,
    Order,
    Preset,
    Query,
    Week,
)
from app.reports.reading.reader import Reports
from app.reports.scope import require_links, restricted, tagged_codes
from app.reports.spellings import NAMES, PATH, read, read_parameters

QUERY_PATH = f"{PATH}/query"

_Texts = str | list[str]


class StatsQuery(BaseModel):
    """A question about clicks; what is left out is as by default (docs/reports.md)."""

    model_config = ConfigDict(extra="forbid")

    code: Annotated[_Texts, Field(description="Of the links; for all, neither code nor tag.")] = []
    tag: Annotated[str, Field(description="Of the links.")] = ""
    period: Annotated[Preset, Field(description="Or since and until.")] = "all"
    since: Annotated[str, Field(examples=["2026-05-01", "7d"])] = ""
    until: Annotated[str, Field(description="First moment that no longer counts.")] = ""
    tz: Annotated[str, Field(examples=["Europe/Berlin"])] = "UTC"
    week: Week = "monday"
    compare: Annotated[Comparison | None, Field(description="With which earlier time.")] = None
    interval: Annotated[Interval | None, Field(description="Step of the timeline.")] = None
    by: Annotated[
        list[Dimension], Field(description="What to break down by; nothing for an empty list.")
    ] = []
    filter: Annotated[
        dict[str, Any],
        Field(
            description="A tree of conditions.", examples=[{"dimension": "country", "is": ["DE"]}]
        ),
    ] = {}
    metrics: list[Metric] = []
    order: Order = "humans"
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT


_PARAMETERS = tuple(Parameter(name, "query", "See docs/reports.md.") for name in NAMES)
_PROBLEMS = ("invalid-parameter", "link-not-found", "out-of-scope")
_KNOWN = Parameter(
    "If-None-Match", "header", "ETags of reports that the client has; answered by 304 if so."
)
_SHOWN: Mapping[int, Shown] = {200: JsonObject, 304: None}
_VERSIONED = {"ETag": "The report's version, for If-None-Match; on a cluster there is none."}
#: What the document of the interface says of reports on one link, and on any.
LINK_STATS: Operations = {
    "GET": Operation(
        (*_PARAMETERS[1:], _KNOWN), answers=_SHOWN, headers=_VERSIONED, problems=_PROBLEMS
    )
}
ANY_STATS: Operations = {
    "GET": Operation(
        (*_PARAMETERS, _KNOWN), answers=_SHOWN, headers=_VERSIONED, problems=_PROBLEMS
    ),
    "POST": Operation(body=JsonObject, answers={200: JsonObject}, problems=_PROBLEMS),
}
QUERY_STATS: Operations = {
    "POST": Operation(
        body=StatsQuery,
        answers={200: JsonObject},
        problems=(*_PROBLEMS, "invalid-body", "body-too-large", "unsupported-content-type"),
    )
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
        """Answer the query that a URL asks; 304 where the client has the answer, still."""
        now = datetime.now(UTC)
        with _naming_parameters():
            query = read(texts, now)
            tags, known = caller_of(req).tags, frozenset(map(str, req.if_none_match or ()))
            question = (req.relative_uri, tags, known)
            version, report = self._limiter.answer(
                req, question, lambda: self._unless_known(query, question, now)
            )
        if version:
            resp.set_header("ETag", f'W/"{version}"')
        if report is None:
            resp.status = falcon.HTTP_304
        else:
            resp.media = report

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

    def _unless_known(
        self, asked: Query, question: tuple[str, Sequence[str], Set[str]], now: datetime
    ) -> tuple[str | None, dict[str, Any] | None]:
        """Return a report's version, and the report, None where the client knows this version.

        A timeline goes on while nothing is clicked: a version is good for a minute at most.
        """
        uri, tags, known = question
        query = restricted(asked, tags, self._links)
        tagged = tagged_codes(query, self._links)
        # Before the clicks are read, of which there may be newer ones by then.
        stored = self._reports.version()
        version = None
        if stored:
            minute = int(now.timestamp()) // 60
            identity = orjson.dumps([uri, query.tag, tagged, stored, minute])
            version = blake2b(identity, digest_size=12).hexdigest()
        if version and not known.isdisjoint((version, "*")):
            return version, None
        return version, self._answered(query, tagged, now)

    def _report(self, asked: Query, tags: Sequence[str], now: datetime) -> dict[str, Any]:
        query = restricted(asked, tags, self._links)
        return self._answered(query, tagged_codes(query, self._links), now)

    def _answered(self, query: Query, tagged: Sequence[str], now: datetime) -> dict[str, Any]:
        answer = self._reports.ask(query, now, tagged)
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


class QueryStats(Asking):
    """Answers with the report that a body asks for, held to its rules by field."""

    rights: ClassVar[Rights] = {"POST": "stats:read"}

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Count clicks: which ones, counted how, over time and by what they came with."""
        now = datetime.now(UTC)
        given = read_object(req, (falcon.MEDIA_JSON,))
        with _naming_parameters():
            query = from_json(given, now)
            self.share(req, resp, query, query, now)


@contextmanager
def _naming_parameters() -> Iterator[None]:
    """Have a complaint about a query name its parameter."""
    try:
        yield
    except BadQuery as error:
        raise InvalidParameter(error.field, str(error), error.faults) from None
    except BadBody as error:
        raise InvalidParameter(error.field or "query", error.detail) from None
