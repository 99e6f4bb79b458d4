from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from app.clicks.click import Clicks, new_click_id
from app.clicks.rows import Rows
from app.links.link import Link, encode, tombstone
from app.stores.clickhouse.connection import ClickHouseUnavailable
from workers.visits.visit import BadVisit, Visit
from workers.visits.visit_import import Outcome, VisitImport

NOW_MS = 1_790_000_000_000
MARCH_MS, APRIL_MS = 1_709_294_400_000, 1_711_972_800_000


class Links:
    """Links by their codes; what is asked for is counted."""

    def __init__(self) -> None:
        sale = Link(code="sale", target="https://example.com/", created_ms=1, updated_ms=1)
        self._texts = {"sale": encode(sale), "gone": encode(tombstone("gone", 1, 1)), "bad": b"{"}
        self.asked: list[str] = []

    def peek(self, codes: Sequence[str]) -> list[bytes | None]:
        self.asked += codes
        return [self._texts.get(code) for code in codes]


class Table:
    """A table that may go away after some inserts."""

    def __init__(self, inserts: int = 1_000_000) -> None:
        self.ids: list[bytes] = []
        self.blocks: list[list[int]] = []
        self._inserts = inserts

    def find(self, visits: Sequence[Visit]) -> set[bytes]:
        return {visit.click_id for visit in visits} & set(self.ids)

    def store(self, rows: Rows) -> None:
        if not self._inserts:
            raise ClickHouseUnavailable("away")
        self._inserts -= 1
        self.ids += rows.click_id
        self.blocks.append(list(rows.time))


def enrich(clicks: Clicks, now_ms: int) -> Rows:
    count = len(clicks.click_ids)
    columns: dict[str, Any] = {name: [b""] * count for name in Rows._fields}
    known = {"click_id": clicks.click_ids, "time": clicks.times_ms, "enriched_at": [now_ms] * count}
    return Rows(**{**columns, **known})


def visit(line: int, code: str = "sale", time_ms: int = MARCH_MS) -> Visit:
    return Visit(line, new_click_id(time_ms, line.to_bytes(10)), code, time_ms, ip="203.0.113.7")


@pytest.fixture
def links() -> Links:
    return Links()


@pytest.fixture
def bring(links: Any) -> Callable[..., list[Outcome]]:
    def run(table: Any, *visits: Visit | BadVisit, **kwargs: Any) -> list[Outcome]:
        return list(VisitImport(links, table, enrich, lambda: NOW_MS, **kwargs).run(visits))

    return run


Bring = Callable[..., list[Outcome]]


def test_each_line_is_told_what_became_of_it_in_their_order(bring: Bring) -> None:
    table = Table()
    rows = (visit(2), BadVisit(3, "no time"), visit(4, "gone"), visit(5, "none"), visit(6, "bad"))
    outcomes = bring(table, *rows)
    assert [(one.line, one.kind, one.code) for one in outcomes] == [
        (2, "stored", "sale"),
        (3, "refused", ""),
        (4, "refused", "gone"),
        (5, "refused", "none"),
        (6, "refused", "bad"),
    ]
    assert [one.reason for one in outcomes[1:4]] == [
        "no time",
        "the link 'gone' was deleted",
        "no link has the code 'none': import the links first",
    ]
    assert table.ids == [rows[0].click_id]  # type: ignore[union-attr]


def test_a_block_is_of_one_month(bring: Bring) -> None:
    table = Table()
    bring(table, visit(2), visit(3, time_ms=APRIL_MS), visit(4))
    assert table.blocks == [[MARCH_MS, MARCH_MS], [APRIL_MS]]


def test_a_number_that_stands_there_twice_is_one_visit(bring: Bring) -> None:
    table, one = Table(), visit(2)
    outcomes = bring(table, one, replace(one, line=3))
    assert [each.kind for each in outcomes] == ["stored", "already there"]
    assert table.ids == [one.click_id]


@pytest.mark.parametrize("inserts", [0, 1])
def test_a_table_that_goes_away_in_the_middle_is_gone_on_with(bring: Bring, inserts: int) -> None:
    broken, rows = Table(inserts), [visit(2), visit(3, time_ms=APRIL_MS)]
    with pytest.raises(ClickHouseUnavailable):
        bring(broken, *rows)
    whole = Table()
    whole.ids = broken.ids
    kinds = [one.kind for one in bring(whole, *rows)]
    assert kinds.count("stored") == 2 - inserts
    assert sorted(whole.ids) == sorted(one.click_id for one in rows)


def test_a_dry_run_stores_nothing_and_tells_twins(bring: Bring) -> None:
    table, one = Table(0), visit(2)
    outcomes = bring(table, one, replace(one, line=3), visit(4), is_dry=True)
    assert [each.kind for each in outcomes] == ["stored", "already there", "stored"]
    assert table.ids == []


def test_visits_before_clicks_are_kept_are_refused(bring: Bring) -> None:
    outcomes = bring(Table(), visit(2), visit(3, time_ms=APRIL_MS), kept_since_ms=APRIL_MS)
    assert [one.kind for one in outcomes] == ["refused", "stored"]
    assert outcomes[0].reason == "clicks are kept from 2024-04-01T12:00:00.000Z on"


def test_a_link_is_looked_up_once(links: Links, bring: Bring) -> None:
    bring(Table(), *(visit(line) for line in range(2, 25_000)))
    assert links.asked == ["sale"]
