"""Queries about clicks, of every kind that can be answered, for property tests."""

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from hypothesis import strategies as st

from app.reports.filters import DIMENSIONS, Condition, Every, Filter, Not, Operator, Some
from app.reports.query import METRICS, BadQuery, Comparison, Interval, Order, Preset, Query, Week

TIMES = st.datetimes(datetime(2001, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))
#: UTC, whole, half and quarter hours, some with changing clocks.
ZONES = st.sampled_from(
    [
        *("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu"),
        *("Pacific/Chatham", "Australia/Lord_Howe"),
    ]
)
#: What SQL, a shell, a URL and our own filters have a use for.
HOSTILE = ["'", '"', "\\", "' OR 1=1 --", "a\nb\t\r", "\x00", "{p0:String}", "%(x)s", "%27", "a, b"]
HOSTILE += [") or (country=DE", "and", "é✓😀", "", "-x", "a&b=c#d", "\\x27", "$(id)", "NULL", "\\N"]
TEXTS = st.one_of(
    st.sampled_from(HOSTILE), st.text(max_size=8, alphabet=st.characters(codec="utf-8"))
)

_VALUES = st.lists(TEXTS, min_size=1, max_size=3).map(tuple)


def _conditions(values: st.SearchStrategy[Any], names: list[Any]) -> st.SearchStrategy[Filter]:
    return st.builds(Condition, st.sampled_from(names), st.sampled_from(get_args(Operator)), values)


def filters(
    values: st.SearchStrategy[Any] = _VALUES, names: tuple[Any, ...] = DIMENSIONS
) -> st.SearchStrategy[Filter]:
    """Filters in each other, with any of the values for any of the dimensions."""

    def deeper(inner: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
        several = st.lists(inner, min_size=2, max_size=3).map(tuple)
        return st.one_of(st.builds(Every, several), st.builds(Some, several), st.builds(Not, inner))

    return st.recursive(_conditions(values, list(names)), deeper, max_leaves=5)


@st.composite
def queries(draw: st.DrawFn) -> Query:
    """Queries that can be answered."""
    since = draw(st.none() | TIMES)
    until = draw(st.none() | TIMES)
    names = draw(st.permutations(METRICS))[: draw(st.integers(1, 5))]
    fields: dict[str, Any] = {
        "codes": tuple(dict.fromkeys(draw(st.lists(TEXTS, max_size=3)))),
        "tag": draw(st.sampled_from(["", "", "spring sale", "ü'"])),
        "period": draw(st.sampled_from(get_args(Preset))),
        "since": since,
        "until": until,
        "tz": draw(ZONES),
        "week": draw(st.sampled_from(get_args(Week))),
        "compare": draw(st.none() | st.sampled_from(get_args(Comparison))),
        "interval": draw(st.none() | st.sampled_from(get_args(Interval))),
        "by": tuple(draw(st.lists(st.sampled_from(DIMENSIONS), max_size=4, unique=True))),
        "filter": draw(st.none() | filters()),
        "metrics": tuple(metric for metric in METRICS if metric in names),
        "order": draw(st.sampled_from(get_args(Order))),
        "limit": draw(st.integers(1, 1000)),
    }
    return _answerable(fields)


def _answerable(fields: dict[str, Any]) -> Query:
    """Return the query without those fields that others are at odds with."""
    for _ in range(8):
        try:
            return Query(**fields)
        except BadQuery as error:
            culprit = "codes" if error.field == "code" else error.field
            fields.pop("until" if culprit == "since" else culprit)
    raise AssertionError(f"{fields} can't be asked")


NOW = datetime(2026, 5, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
