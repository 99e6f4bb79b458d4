"""Days of UTC, the versions of their sums, and which of them can be trusted.

Rule 1: a version's rows come first, and then the row that publishes it: who dies between the two
        leaves what nobody reads.
Rule 2: whatever changes the clicks of a day that is over marks the day. A version holds for the
        marks before a moment that lies well before its beginning, as a mark may be seen before its
        clicks are, and they before it.
Rule 3: a day whose clicks are about to be forgotten is frozen: no mark counts any more, since what
        is left of its clicks says too little.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum
from typing import Any

from app.stores.clickhouse.codes import ACCESS_DENIED, UNKNOWN_TABLE
from app.stores.clickhouse.connection import insert_settings
from app.stores.clickhouse.driver import Client, errors
from app.stores.scripts import query

#: Clicks of a link in a day from which on there are sums by what its clicks came with. Of a link
#: with fewer they would take more room than they save time.
HOT_CLICKS = 100
#: Links of a day that are also kept apart, those with the most clicks.
LEADING_LINKS = 500
#: Of what sums are made of: one more whenever a dimension is added, whose values older sums lack.
REVISION = 4
#: First revisions that keep leading links, and hours of all links together.
_LEADING_REVISION, _HOURS_REVISION = 3, 4

_MARK = "INSERT INTO click_marks (day) VALUES"
_FIRST, _LAST = date(1970, 1, 1), date(2149, 6, 6)
#: Whether this host has all that others have confirmed; a publication may come before its rows.
_BEHIND = """
SELECT count() FROM system.replicas
WHERE database = currentDatabase() AND table IN ('click_sums', 'click_values')
    AND (inserts_in_queue > 0 OR log_pointer <= log_max_index OR is_session_expired)
"""


class State(IntEnum):
    """How far a version has come; it never goes back."""

    BEGUN = 0
    PUBLISHED = 1
    FROZEN = 2
    GIVEN_UP = 3
    REMOVED = 4


@dataclass(frozen=True, slots=True)
class SummedDay:
    """A day that has sums, was marked, or both.

    Attributes:
        version: of the sums that count, 0 for none.
        marks_before: they hold for the marks before that time.
        marked_at: when its clicks changed last, 1970 where nobody said so.
        clicks: of the whole day by its sums, all links together; humans: those of people.
        published_at: when that version was published.
        revision: of what it was made of.
    """

    day: date
    version: int
    state: State
    marks_before: datetime
    marked_at: datetime
    clicks: int
    humans: int
    published_at: datetime
    revision: int

    @property
    def is_clean(self) -> bool:
        """Whether its sums are what its clicks add up to, or once did.

        Those of a newer revision have more than we read.
        """
        holds = self.revision >= REVISION and self.marked_at < self.marks_before
        return self.version > 0 and (self.is_frozen or holds)

    @property
    def has_leading(self) -> bool:
        """Whether the links with the most clicks are kept apart."""
        return self.revision >= _LEADING_REVISION

    @property
    def has_hours(self) -> bool:
        """Whether there are breakdowns of all links by the hour."""
        return self.revision >= _HOURS_REVISION

    @property
    def is_frozen(self) -> bool:
        """Whether its clicks may be gone, so that the sums are what is known."""
        return self.state is State.FROZEN


def summed_days(
    client: Client,
    first: date | None = None,
    end: date | None = None,
    settings: Mapping[str, object] | None = None,
) -> list[SummedDay]:
    """Return the days from the first up to the end that have sums or marks, in order.

    Raises:
        clickhouse_driver.errors.Error: as the server or the driver says.
    """
    params = {"first": first or _FIRST, "end": end or _LAST}
    rows = client.execute(query("app.sums", "days"), params, settings=settings)
    return [SummedDay(day, version, State(state), *rest) for day, version, state, *rest in rows]


def clean_days(
    client: Client,
    first: date | None = None,
    end: date | None = None,
    settings: Mapping[str, object] | None = None,
) -> dict[date, SummedDay]:
    """Return the days whose sums a report may take from the host that a client reaches.

    A version that is replaced can be read for an hour more.

    Returns:
        None at all where the tables are missing, or the host may lack rows of theirs.

    Raises:
        clickhouse_driver.errors.Error: as the server or the driver says.
    """
    try:
        # First: what is published later may be complete here or not.
        days = summed_days(client, first, end, settings)
        if client.cluster and _has_gaps(client, settings):
            return {}
    except errors.ServerException as error:
        if error.code in (UNKNOWN_TABLE, ACCESS_DENIED):
            return {}
        raise
    return {one.day: one for one in days if one.is_clean}


def mark(client: Client, *days: date) -> None:
    """Say that clicks of these days have changed.

    Raises:
        clickhouse_driver.errors.Error: as the server or the driver says.
    """
    if days:
        rows = [(day,) for day in days]
        client.execute(_MARK, rows, settings=insert_settings(client, len(rows)))


def _has_gaps(client: Client, settings: Mapping[str, object] | None) -> bool:
    rows: list[Any] = client.execute(_BEHIND, settings=settings)
    return bool(rows[0][0])
