"""Desk that gets reports for pages, and says what there is when one can't be had.

Rule: a page is there whatever ClickHouse does. Where it is away, the last report on the same
      question is shown with its time, if there was one.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Literal, TypeVar

import falcon

from app.console.api.report_limiter import ReportLimiter
from app.console.api.rights import caller_of
from app.links.store import LinkStore
from app.reports.answer import Answer
from app.reports.query import BadQuery, Query
from app.reports.reading.reader import Reports
from app.reports.scope import restricted, tagged_codes
from app.reports.spellings import to_sql
from app.stores.clickhouse.connection import ClickHouseError

logger = logging.getLogger(__name__)

Value = TypeVar("Value")
Fault = Literal["", "away", "busy", "bad"]
#: A query, the tags that whoever asks is restricted to, and whether values have timelines.
_Question = tuple[Query, Sequence[str], bool]
#: Last reports that are kept, a few kB each.
_KEPT = 200


@dataclass(frozen=True, slots=True)
class Told:
    """What a page has to tell.

    Attributes:
        answer: the report, None where there is none.
        fault: why there is none, or only an old one: ClickHouse is away, others are being asked, or
            the question is no good.
        detail: what is wrong, for a person.
    """

    answer: Answer | None
    fault: Fault = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Found(Generic[Value]):
    """What was computed; None where it couldn't be, with the fault."""

    value: Value | None
    fault: Fault = ""
    detail: str = ""


class ReportDesk:
    """Gets reports, a few at a time; any thread may ask."""

    def __init__(self, reports: Reports, links: LinkStore, limiter: ReportLimiter) -> None:
        self._reports = reports
        self._links = links
        self._limiter = limiter
        self._lock = threading.Lock()
        self._last: OrderedDict[_Question, Answer] = OrderedDict()

    def ask(
        self, req: falcon.Request, query: Query, now: datetime, *, has_timelines: bool = False
    ) -> Told:
        """Return the report on a query, as far as whoever asks may see.

        Args:
            has_timelines: whether each value that it breaks down by has a timeline of its own.

        Raises:
            OutOfScope, LinkNotFound: that is nothing for this caller.
            RedisUnavailable, RedisRefused: Redis doesn't do its part.
        """
        tags = caller_of(req).tags
        question = (query, tags, has_timelines)

        def compute() -> Answer:
            asked = restricted(query, tags, self._links)
            codes = tagged_codes(asked, self._links)
            return self._reports.ask(asked, now, codes, has_timelines=has_timelines)

        found = self.get(req, ("page", question), compute)
        if found.value is None:
            return self._without(question, found.fault, found.detail)
        self._keep(question, found.value)
        return Told(found.value)

    def get(
        self, req: falcon.Request, question: Hashable, compute: Callable[[], Value]
    ) -> Found[Value]:
        """Return what is computed of ClickHouse, or why it isn't.

        Args:
            question: what is computed; who asks the same meanwhile gets the same.
        """
        try:
            return Found(self._limiter.answer(req, question, compute))
        except BadQuery as error:
            return Found(None, "bad", f"{error.field}: {error}")
        except ClickHouseError as error:
            logger.warning("A page is shown without its figures: %s", error)
            return Found(None, "away", "ClickHouse doesn't answer as it should.")
        except falcon.HTTPServiceUnavailable as error:
            return Found(None, "busy", error.description or "")

    def sql(self, req: falcon.Request, query: Query, now: datetime) -> str:
        """Return a query as SQL to copy, as far as whoever asks may see.

        Raises:
            BadQuery, OutOfScope, LinkNotFound, ClickHouseError: as :meth:`ask` does or tells.
        """
        asked = restricted(query, caller_of(req).tags, self._links)
        return to_sql(self._reports.statement(asked, now, tagged_codes(asked, self._links)))

    def _without(self, question: _Question, fault: Fault, detail: str) -> Told:
        with self._lock:
            last = self._last.get(question) if fault != "bad" else None
            return Told(last, fault, detail)

    def _keep(self, question: _Question, answer: Answer) -> None:
        with self._lock:
            self._last[question] = answer
            self._last.move_to_end(question)
            if len(self._last) > _KEPT:
                self._last.popitem(last=False)
