"""Days that sums answer, by a plan; and that what they say of visitors is what a count does."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from app.reports.filters import Condition
from app.reports.period import Period
from app.reports.plan import Plan
from app.reports.query import Interval, Query
from app.reports.sums.division import (
    MAX_RUNS,
    SMALL_CLICKS,
    Division,
    ScopeDay,
    day_number,
    divide,
    runs,
    unseen,
)
from app.reports.timeline import starts
from tests.support.queries import ZONES

HOT = 100
FIRST = datetime(2026, 3, 20, tzinfo=UTC)
DAY = timedelta(days=1)
MANY = 10 * SMALL_CLICKS


def plan(
    since: datetime,
    until: datetime | None,
    interval: Interval = "day",
    tz: str = "UTC",
    codes: Sequence[str] | None = ("abc",),
    **asked: object,
) -> Plan:
    query = Query(tz=tz, **({"by": ()} | asked))  # type: ignore[arg-type]
    found = starts(
        since, (until or since + 20 * DAY) - datetime.resolution, interval, query.zone, "monday"
    )
    return Plan(query, codes, Period(since, until), interval, tuple(found))


def day(number: int, clicks: int = MANY, *, is_frozen: bool = False) -> ScopeDay:
    return ScopeDay((FIRST + number * DAY).date(), 7, clicks, clicks, None, is_frozen)


def summed(plan: Plan, *days: ScopeDay) -> tuple[list[int], list[int]]:
    """Return the days of sums, and those whose breakdowns are, from the first day on."""
    found = divide(plan, days, HOT)
    first = day_number(FIRST.date())
    return [each - first for each in found.totals], [each - first for each in found.values]


def test_whole_days_are_of_sums_and_an_open_day_is_read() -> None:
    asked = plan(FIRST, None)
    days = [day(0), day(1), day(2)]
    assert summed(asked, *days)[0] == [0, 1, 2]
    assert divide(asked, days, HOT).leaves_rows(asked)
    assert divide(asked, days, HOT).through == date(2026, 3, 22)
    assert divide(asked, days, HOT).days_raw(asked, FIRST + 4.5 * DAY) == 2


def test_nothing_is_read_where_all_days_are_of_sums() -> None:
    asked = plan(FIRST, FIRST + 2 * DAY)
    assert not divide(asked, [day(0), day(1)], HOT).leaves_rows(asked)
    assert divide(asked, [day(0)], HOT).leaves_rows(asked)


def test_a_part_of_a_day_has_no_breakdown() -> None:
    since, until = FIRST + DAY / 2, FIRST + 3 * DAY
    assert summed(plan(since, until), day(0), day(1)) == ([0, 1], [0, 1])
    assert summed(plan(since, until, by=("country",)), day(0), day(1)) == ([1], [1])


def test_a_part_that_is_no_quarter_is_read() -> None:
    assert summed(plan(FIRST + timedelta(minutes=7), None), day(0), day(1)) == ([1], [1])


def test_the_middle_of_a_day_is_read_where_visitors_are_asked_for() -> None:
    asked = (FIRST + DAY / 4, FIRST + DAY / 2)
    assert summed(plan(*asked), day(0)) == ([], [])
    assert summed(plan(*asked, metrics=("humans",)), day(0)) == ([0], [0])


def test_a_day_on_which_a_link_is_cold_is_read() -> None:
    days = [day(0), day(1, HOT - 1), day(2, 0), day(3)]
    assert summed(plan(FIRST, None, by=("country",)), *days) == ([0, 2, 3], [0, 2, 3])
    assert summed(plan(FIRST, None), *days)[0] == [0, 1, 2, 3]


def test_of_a_frozen_day_what_sums_know_is_taken() -> None:
    days = [day(0, 5, is_frozen=True), day(1, 5)]
    assert summed(plan(FIRST, None, by=("country",)), *days) == ([0], [])
    assert summed(plan(FIRST, None, by=("user_agent",)), *days) == ([0], [])


def test_few_clicks_are_read() -> None:
    assert summed(plan(FIRST, None), day(0, SMALL_CLICKS - 1)) == ([], [])


def test_a_statement_names_the_largest_of_many_stretches() -> None:
    days = [day(2 * number, MANY + number) for number in range(MAX_RUNS + 5)]
    assert sorted(summed(plan(FIRST, None), *days)[0]) == [
        2 * number for number in range(5, MAX_RUNS + 5)
    ]


def test_what_sums_cannot_tell_is_read() -> None:
    for asked in (
        plan(FIRST, None, filter=Condition("country", "=", ("DE",))),
        plan(FIRST, None, by=("referrer_url",)),
        plan(FIRST, None, codes=("a", "b")),
        plan(FIRST, None, codes=("",)),
        plan(FIRST, FIRST + DAY, "minute"),
    ):
        assert summed(asked, day(0)) == ([], [])
    assert summed(plan(FIRST, None, codes=("a", "b"), metrics=("clicks",)), day(0))[0] == [0]


def test_stretches_are_days_that_follow_each_other() -> None:
    assert runs([5, 3, 4, 9]) == [(3, 6), (9, 10)]
    assert runs([]) == []


def test_between_the_first_and_the_last_clicks_no_day_is_looked_at() -> None:
    days = [day(0, 0), day(1, 3), day(2, 9), day(3, 0), day(4, 1), day(5, 0)]
    first = day_number(FIRST.date())
    assert sorted(each - first for each in unseen(Period(), days)) == [0, 2, 3, 5]
    assert unseen(Period(FIRST + DAY / 2, FIRST + DAY), days) == []


@given(
    ZONES,
    st.sampled_from(["hour", "day", "week", "month"]),
    st.integers(0, 12 * 96),
    st.integers(1, 6 * 96),
    st.lists(st.tuples(st.integers(0, 20 * 96 - 1), st.integers(0, 2)), max_size=30),
)
def test_sums_know_the_visitors_of_each_part_of_a_day_that_they_answer(
    tz: str, interval: Interval, first: int, length: int, visits: list[tuple[int, int]]
) -> None:
    quarter = timedelta(minutes=15)
    since, until = FIRST + first * quarter, FIRST + (first + length) * quarter
    asked = plan(since, until, interval, tz)
    division = divide(asked, [day(number) for number in range(-1, 22)], HOT)
    midnight = day_number(FIRST.date())
    cuts = [since, *(start for start in asked.starts if since < start < until), until]
    for start, end in [*pairwise(cuts), (since, until)]:
        for number in division.totals:
            begin = max((start - FIRST) // quarter, 96 * (number - midnight))
            stop = min((end - FIRST) // quarter, 96 * (number - midnight + 1))
            if begin < stop:
                people = {person for place, person in visits if begin <= place < stop}
                found = by_sums(visits, number - midnight, begin, stop, interval)
                assert found == len(people)


def by_sums(
    visits: list[tuple[int, int]], number: int, begin: int, stop: int, interval: Interval
) -> int:
    """Add up the visitors of some quarters of a day as a statement does, without looking wider."""
    of_day, end_of_day, of_hour = defaultdict(set), defaultdict(set), defaultdict(set)
    seen: dict[tuple[int, int], None] = {}
    for place, person in sorted(each for each in visits if each[0] // 96 == number):
        if all(person not in people for people in of_day.values()):
            of_day[place].add(person)
        for people in end_of_day.values():
            people.discard(person)
        end_of_day[place].add(person)
        if (place // 4, person) not in seen:
            of_hour[place].add(person)
        seen[place // 4, person] = None
    is_hour = interval == "hour" and (begin % 4, stop - begin) == (0, 4)
    columns = of_hour if is_hour else of_day if begin % 96 == 0 else end_of_day
    return sum(len(columns[place]) for place in range(begin, stop))


def test_a_day_of_which_nothing_was_asked_is_not_answered() -> None:
    assert summed(plan(FIRST + DAY, FIRST + 2 * DAY), day(0), day(1), day(2))[0] == [1]
    assert Division().through is None
    zone = ZoneInfo("Asia/Kolkata")
    since = datetime(2026, 3, 21, tzinfo=zone).astimezone(UTC)
    assert summed(plan(since, since + DAY, tz="Asia/Kolkata"), *map(day, range(4)))[0] == [0, 1]
