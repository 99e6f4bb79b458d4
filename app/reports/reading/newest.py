"""Reader that shows single clicks, the newest first, a numbered page at a time.

Rule: a page costs what it shows and what comes before it, not what there is. The table is in the
      order of codes, so a look at all times would sort them all; instead it looks back for a
      minute, then for eight, and so on, until the page is full.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from app.reports.conditions import Parameters, Statement, clause, matching, scope, within
from app.reports.filters import Condition, Filter
from app.reports.period import Period
from app.reports.reading.reader import Reports
from app.stores.scripts import query as text_of
from app.times import EPOCH

_FIRST_LOOK = timedelta(minutes=1)
_FARTHER = 8
#: Which clicks are of people.
PEOPLE: Filter = Condition("kind", "=", ("person",))


class Seen(NamedTuple):
    """A click as it is shown by itself.

    Attributes:
        time_ms: Unix milliseconds.
        referrer, user_agent, host: as the visitor sent them.
        country: ISO 3166 code; like region and city empty where it is unknown.
    """

    time_ms: int
    code: str
    referrer: str
    user_agent: str
    host: str
    target: str
    country: str
    region: str
    city: str
    is_bot: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which clicks are shown.

    Attributes:
        codes: of the links; None for all.
        since: first moment, None for the first click.
        until: first moment that is no longer shown.
        is_of_people: whether programs' clicks are left out.
    """

    codes: Sequence[str] | None
    until: datetime
    since: datetime | None = None
    is_of_people: bool = False


def newest_clicks(
    reports: Reports, wanted: Wanted, *, most: int, skipped: int, there: int
) -> list[Seen]:
    """Return clicks, the newest first.

    Args:
        most: how many at most.
        skipped: how many newer ones come before them.
        there: how many there are altogether, which ends the search.

    Raises:
        ClickHouseUnavailable, ClickHouseRefused: as the server says.
    """
    expected = min(most, there - skipped)
    found: list[Seen] = []
    if expected <= 0 or (wanted.codes is not None and not wanted.codes):
        return found
    for since in _looks(wanted):
        statement = _statement(wanted, since, expected, skipped)
        found = [Seen(*row) for row in reports.rows(statement)]
        if len(found) >= expected:
            break
    return found


def _looks(wanted: Wanted) -> Iterator[datetime | None]:
    """Yield from when on to look, ever farther back."""
    back, least = _FIRST_LOOK, wanted.since or EPOCH
    while back < wanted.until - least:
        yield wanted.until - back
        back *= _FARTHER
    yield wanted.since


def _statement(wanted: Wanted, since: datetime | None, most: int, skipped: int) -> Statement:
    parameters = Parameters({"limit": most, "offset": skipped})
    text = text_of(
        "app.reports",
        "newest",
        prewhere=clause(
            "PREWHERE",
            scope(parameters, wanted.codes),
            within(parameters, Period(since, wanted.until)),
        ),
        where=clause("WHERE", matching(parameters, PEOPLE) if wanted.is_of_people else ""),
    )
    return Statement(text, parameters.values)
