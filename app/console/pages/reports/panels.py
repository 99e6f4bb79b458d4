"""Reporting part that pages share: time, filters, totals, chart and cards, of one report.

Rule: one question to the report engine answers a whole page, so that all its parts agree.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import falcon

from app.console.pages.reports import filtering
from app.console.pages.reports.cards import ROWS, Plan, cards, dimensions
from app.console.pages.reports.chart import chart_of
from app.console.pages.reports.desk import Told
from app.console.pages.reports.filtering import CHOICES, OPERATORS
from app.console.pages.site.address import Address
from app.console.pages.site.rendering import see_other
from app.console.pages.site.span import COMPARISONS, INTERVALS, PERIODS, Span
from app.console.pages.site.words import DIMENSION_NAMES
from app.keys.caller import Scope
from app.reports.answer import Answer, Figures
from app.reports.query import BadQuery, Query
from app.reports.spellings import to_command, to_url

#: Remembers the zone that somebody has chosen.
_ZONE_COOKIE = "hopline_tz"
_YEAR_SECONDS = 365 * 86_400
#: What a page needs to show figures.
SCOPE: Scope = "stats:read"


@dataclass(frozen=True, slots=True)
class Total:
    """A figure of the whole time, and what it was before.

    Attributes:
        exact: what it is, for who wonders.
    """

    name: str
    value: int
    before: int | None
    exact: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page asks for: the time, and what its cards are broken down by."""

    span: Span
    query: Query


def read_asked(
    req: falcon.Request,
    resp: falcon.Response,
    address: Address,
    plans: Sequence[Plan],
    now: datetime,
    **scope: Any,
) -> Asked:
    """Return what an address asks for.

    Args:
        scope: fields of the query that say of which links.

    Raises:
        BadQuery: it can't be answered; says which parameter is to blame.
        falcon.HTTPSeeOther: it came from the form that adds a filter.
    """
    if (there := filtering.added(address)) is not None:
        raise see_other(there)
    kept = (req.get_cookie_values(_ZONE_COOKIE) or [""])[0]
    try:
        span = Span.read(address, now, kept or "UTC")
    except BadQuery as error:
        if error.field != "tz" or address.first("tz"):
            raise
        span = Span.read(address, now)
    if chosen := address.first("tz"):
        resp.set_cookie(
            _ZONE_COOKIE, chosen, max_age=_YEAR_SECONDS, path="/", secure=False, same_site="Strict"
        )
    query = Query(
        **scope,
        **span.fields,
        by=dimensions(plans, address),
        filter=filtering.read_filters(address),
        limit=ROWS,
    )
    return Asked(span, query)


def report_values(
    address: Address, plans: Sequence[Plan], asked: Asked, told: Told
) -> dict[str, Any]:
    """Return what the templates of a page with a report show."""
    span, answer = asked.span, told.answer
    return {
        **time_values(address, span),
        "told": told,
        "answer": answer,
        "zone": asked.query.zone,
        "totals": totals(answer) if answer else (),
        "chart": chart_of(answer) if answer else None,
        "cards": cards(plans, address, answer),
        "as_json": to_url(asked.query),
        "as_command": to_command(asked.query),
    }


def time_values(address: Address, span: Span) -> dict[str, Any]:
    """Return what the bar of a page shows that chooses time and filters."""
    return {
        "span": span,
        "periods": [
            (key, name, address.with_(period=period, since=None, to=None), period == span.period)
            for period, (key, name) in PERIODS.items()
        ],
        "comparisons": COMPARISONS,
        "intervals": INTERVALS,
        "earlier": span.earlier(address),
        "later": span.later(address),
        "without_filters": address.with_(filter=None),
        "chips": filtering.chips(address),
        "choices": [(each, DIMENSION_NAMES[each]) for each in CHOICES],
        "operators": OPERATORS,
        "all_pairs": address.pairs,
    }


def totals(answer: Answer) -> tuple[Total, ...]:
    """Return the figures of the whole time."""
    now, before = answer.figures, answer.before
    if before and not before.clicks:
        before = None
    is_exact = answer.source.has_exact_visitors
    visitors = "sum of the visitors of each day (UTC)" + ("" if is_exact else ", an estimate")
    names = (
        ("People", "humans", "clicks of people, exact"),
        ("Visitors", "visitors", visitors),
        ("Bots", "bots", "clicks of bots, exact: none is thrown away"),
    )
    return tuple(
        Total(name, _figure(now, field), _figure(before, field) if before else None, exact)
        for name, field, exact in names
    )


def _figure(figures: Figures, name: str) -> int:
    return int(getattr(figures, name))
