from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.reports.query import MAX_CODES, BadQuery, Query, read_zone

NOON = datetime(2026, 5, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"codes": ("a",), "tag": "spring"}, "tag"),
        ({"codes": tuple(map(str, range(MAX_CODES + 1)))}, "code"),
        ({"tz": "Mars/Olympus"}, "tz"),
        ({"period": "7d", "since": NOON}, "period"),
        ({"since": NOON, "until": NOON}, "until"),
        ({"compare": "previous"}, "compare"),
        ({"compare": "year", "until": NOON}, "compare"),
        ({"order": "rise"}, "order"),
        ({"order": "visitors", "metrics": ("humans",)}, "order"),
        ({"metrics": ()}, "metrics"),
        ({"limit": 0}, "limit"),
        ({"limit": 10**12}, "limit"),
    ],
)
def test_what_cannot_be_answered_names_its_field(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(BadQuery) as raised:
        Query(**fields)
    assert raised.value.field == field


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "/etc/passwd", "../../etc/passwd", "Europe", "Europe/", "europe/'"),
        *("Europe/Berlin\x00", "UTC\n", "\udcff", "Europe/Berlin' --", "tzdata.zi", "x" * 300),
    ],
)
def test_what_is_no_time_zone_is_refused(name: str) -> None:
    with pytest.raises(BadQuery, match="is no time zone"):
        read_zone(name)


def test_a_breakdown_counts_people_or_what_it_is_ordered_by() -> None:
    assert [Query().counted(by) for by in ("country", "bot")] == ["humans", "bots"]
    assert [Query().counted(by) for by in ("verdict", "reasons")] == ["clicks", "clicks"]
    assert Query(order="bots").counted("verdict") == "bots"
    assert Query(order="bots").counted("country") == "bots"
    assert Query(order="clicks").counted("bot") == "clicks"
    rising = Query(order="rise", compare="previous", since=NOON - timedelta(days=1))
    assert rising.counted("country") == "humans"
