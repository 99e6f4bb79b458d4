"""A question about few clicks is answered by two statements, as by all that others need."""

from datetime import date, timedelta
from typing import Any

import pytest

from app.reports.answer import Figures
from app.reports.query import Query
from app.reports.reading.asking import Asking
from app.reports.reading.reader import Reports
from app.reports.reading.stored import Stored, stored
from app.reports.sums import division
from app.stores.clickhouse.connection import connect
from app.sums.days import State
from tests.support.clicks import NOON, click_row, insert_clicks

HOUR = timedelta(hours=1)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Texts of the statements that were asked."""
    texts: list[str] = []
    ask = Asking.ask

    def noted(self: Asking, statement: Any) -> Any:
        texts.append(statement.text)
        return ask(self, statement)

    monkeypatch.setattr(Asking, "ask", noted)
    return texts


@pytest.fixture
def url(migrated_url: str) -> str:
    hours = (0, 1, 1, 5)
    insert_clicks(migrated_url, *(click_row(NOON + hour * HOUR) for hour in hours))
    insert_clicks(migrated_url, *(click_row(NOON - HOUR, short_code="other") for _ in range(9)))
    return migrated_url


def ask(url: str, **fields: Any) -> Any:
    with Reports(url, timeout_seconds=30) as reports:
        return reports.ask(Query(**{"codes": ("abc",), "by": ()} | fields), NOON + 2 * HOUR)


@pytest.mark.parametrize(
    "fields",
    [{}, {"since": NOON}, {"since": NOON + HOUR, "compare": "previous"}, {"codes": ("abc", "b")}],
)
def test_few_clicks_take_two_statements(url: str, asked: list[str], fields: Any) -> None:
    answer = ask(url, **fields)
    assert len(asked) == 2
    # The last one is of a clock that runs ahead.
    assert answer.timeline[-1].start <= NOON + 5 * HOUR
    assert sum(bucket.figures.clicks for bucket in answer.timeline) == answer.figures.clicks
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(division, "SMALL_CLICKS", 1)
        other = ask(url, **fields)
    assert (answer.figures, answer.timeline) == (other.figures, other.timeline)
    assert len(asked) > 4


def test_as_many_rows_as_are_looked_at_may_be_more(
    url: str, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(division, "SMALL_CLICKS", 4)
    assert ask(url).figures.clicks == 4
    assert len(asked) > 2
    asked.clear()
    monkeypatch.setattr(division, "SMALL_CLICKS", 5)
    assert ask(url).figures.clicks == 4
    assert len(asked) == 2


def test_few_clicks_before_a_moment_have_their_own_last_one(url: str) -> None:
    answer = ask(url, until=NOON + HOUR, interval="minute")
    assert answer.figures == Figures(1, 1)
    assert answer.timeline[0].start == NOON


def test_where_clicks_may_be_gone_few_are_not_known_to_be_few(url: str, asked: list[str]) -> None:
    with connect(url, timeout_seconds=30) as client:
        frozen = [(date(2020, 1, 1), 7, State.FROZEN)]
        client.execute("INSERT INTO click_sum_days (day, version, state) VALUES", frozen)
    assert ask(url).figures.clicks == 4
    assert len(asked) > 2


def test_nothing_is_stored() -> None:
    nothing = ("all", 0, NOON, NOON)
    assert stored([nothing]) == Stored()
    assert stored([nothing, ("links", 0, NOON, NOON)]) == Stored(few=())
