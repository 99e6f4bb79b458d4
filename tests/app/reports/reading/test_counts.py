from collections.abc import Iterator
from datetime import timedelta

import pytest

from app.reports.reading import counts
from app.reports.reading.counts import ClickCount, count_clicks, counts_by_link
from app.reports.reading.reader import Reports
from tests.support.clicks import NOON, bot_row, click_row, insert_clicks

LATER = NOON + timedelta(days=1)


@pytest.fixture
def reports(migrated_url: str) -> Iterator[Reports]:
    insert_clicks(
        migrated_url,
        *(click_row(short_code=code) for code in "aab"),
        *(click_row(LATER, short_code=code, is_bot=True, verdict="bot") for code in "ac"),
    )
    insert_clicks(migrated_url, bot_row(short_code="d"))
    with Reports(migrated_url, timeout_seconds=30) as reports:
        yield reports


def test_links_are_counted_apart(reports: Reports, monkeypatch: pytest.MonkeyPatch) -> None:
    found = counts_by_link(reports, "abcx", LATER)
    assert found == {"a": ClickCount(2, 1), "b": ClickCount(1, 0), "c": ClickCount(0, 1)}
    monkeypatch.setattr(counts, "MAX_CODES", 2)
    assert counts_by_link(reports, "abcx", LATER) == found
    assert counts_by_link(reports, "", LATER) == {}


def test_links_are_counted_together(reports: Reports) -> None:
    assert count_clicks(reports, None, LATER) == ClickCount(3, 3)
    assert count_clicks(reports, ["a", "b"], LATER) == ClickCount(3, 1)
    assert count_clicks(reports, [], LATER) == ClickCount(0, 0)
    assert count_clicks(reports, ["a"], LATER, until=LATER) == ClickCount(2, 0)
    assert count_clicks(reports, ["a"], LATER, since=LATER) == ClickCount(0, 1)
    assert ClickCount(2, 1).clicks == 3
