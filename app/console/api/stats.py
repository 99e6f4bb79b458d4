"""Endpoint that reports on one short code: GET /api/v1/links/{code}/stats."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, get_args

import falcon

from app.console.api.problem import InvalidParameter
from app.console.api.report_limiter import ReportLimiter
from app.links.store import LinkStore
from app.reports.reader import DEFAULT_BY, Reports
from app.reports.stats import Dimension, Interval, Period, Stats, read_dimension, to_json
from app.reports.timeline import TooManyBuckets
from app.times import parse_time

_MAX_LIMIT = 1000
_DEFAULT_LIMIT = 10
_INTERVALS: tuple[Interval, ...] = get_args(Interval)


@dataclass(frozen=True, slots=True)
class Question:
    """What a request asks about a code."""

    period: Period
    interval: Interval | None
    by: tuple[Dimension, ...]
    limit: int


class LinkStats:
    """Answers with a report, in the form of :func:`app.reports.stats.to_json`."""

    def __init__(self, reports: Reports, links: LinkStore, limiter: ReportLimiter) -> None:
        self._reports = reports
        self._links = links
        self._limiter = limiter

    def on_get(self, req: falcon.Request, resp: falcon.Response, code: str) -> None:
        """Answer GET.

        Raises:
            InvalidParameter: naming the first parameter that can't be used.
            LinkNotFound: the code has no link and no clicks.
            falcon.HTTPServiceUnavailable: too many reports are at work, or it took too long.
            RedisError, ClickHouseError: a store doesn't do its part.
        """
        now = datetime.now(UTC)
        question = read_question(req.params, now)
        resp.media = self._limiter.answer(
            req, req.relative_uri, lambda: self._report(code, question, now)
        )

    on_head = on_get

    def _report(self, code: str, question: Question, now: datetime) -> dict[str, Any]:
        stats = self._ask(code, question, now)
        if stats.is_empty:
            self._links.get(code)
        return to_json(stats)

    def _ask(self, code: str, question: Question, now: datetime) -> Stats:
        with _naming("interval", TooManyBuckets):
            return self._reports.stats(
                code,
                question.period,
                now,
                interval=question.interval,
                by=question.by,
                limit=question.limit,
            )


def read_question(params: Mapping[str, Any], now: datetime) -> Question:
    """Read the query parameters since, until, interval, by and limit.

    Args:
        params: name to its value, or list of values.
        now: what amounts such as ``7d`` count back from.

    Raises:
        InvalidParameter: naming the parameter.
    """
    for name in params:
        if name not in _PARAMETERS:
            raise InvalidParameter(name, f"there are only {', '.join(_PARAMETERS)}")
    return Question(
        period=_period(_one(params, "since"), _one(params, "until"), now),
        interval=_interval(_one(params, "interval")),
        by=_dimensions(_many(params, "by")) or DEFAULT_BY,
        limit=_limit(_one(params, "limit")),
    )


_PARAMETERS = ("since", "until", "interval", "by", "limit")


@contextmanager
def _naming(parameter: str, kind: type[ValueError] = ValueError) -> Iterator[None]:
    """Have a complaint about a value name its parameter."""
    try:
        yield
    except kind as error:
        raise InvalidParameter(parameter, str(error)) from None


def _many(params: Mapping[str, Any], name: str) -> list[str]:
    given = params.get(name, [])
    return [given] if isinstance(given, str) else given


def _one(params: Mapping[str, Any], name: str) -> str | None:
    given = _many(params, name)
    if len(given) > 1:
        raise InvalidParameter(name, "give it once")
    return given[0] if given else None


def _period(since: str | None, until: str | None, now: datetime) -> Period:
    times = [_time("since", since, now), _time("until", until, now)]
    with _naming("until"):
        return Period(*times)


def _time(name: str, text: str | None, now: datetime) -> datetime | None:
    with _naming(name):
        return None if text is None else parse_time(text, now)


def _dimensions(names: list[str]) -> tuple[Dimension, ...]:
    with _naming("by"):
        return tuple(dict.fromkeys(map(read_dimension, names)))


def _interval(text: str | None) -> Interval | None:
    if text is None:
        return None
    for interval in _INTERVALS:
        if text == interval:
            return interval
    raise InvalidParameter("interval", f"expected one of {', '.join(_INTERVALS)}")


def _limit(text: str | None) -> int:
    if text is None:
        return _DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= _MAX_LIMIT):
        raise InvalidParameter("limit", f"expected a number from 1 to {_MAX_LIMIT}")
    return int(text)
