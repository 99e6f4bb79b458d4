import csv
import io
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest

from tests.support.clicks import bot_row, click_row, insert_clicks
from tests.support.pages import Browser, text_of


@pytest.fixture
def clicked(reporting: Browser, links: Any, migrated_url: str) -> Browser:
    links.create({"target": "https://example.com/"}, code="abc")
    then = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    insert_clicks(
        migrated_url,
        *(click_row(then, country="DE", browser="Firefox") for _ in range(3)),
        click_row(then, country="DE", browser="=cmd|' /C calc'!A0"),
        *(click_row(then, country="FR", browser="Firefox") for _ in range(2)),
        bot_row(then),
    )
    return reporting


def rows_of(answer: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.text)))


def test_two_dimensions_are_crossed_and_each_row_adds_up(clicked: Browser) -> None:
    answer = clicked.get("/explore?rows=country&columns=browser&download=csv")
    assert answer.headers["content-type"].startswith("text/csv")
    head, *rows = rows_of(answer)
    assert head[:2] == ["Country", "Clicks of people"]
    assert rows == [["Germany", "4", "3", "1", "0"], ["France", "2", "2", "0", "0"]]


def test_no_cell_is_a_formula_for_spreadsheets(clicked: Browser) -> None:
    written = clicked.get("/explore?rows=browser&columns=country&download=csv")
    assert {row[0][:1] for row in rows_of(written)} <= {"B", "F", "'"}
    (head, *_) = rows_of(clicked.get("/explore?rows=country&columns=browser&download=csv"))
    assert "'=cmd|' /C calc'!A0" in head


def test_what_is_counted_can_be_chosen(clicked: Browser) -> None:
    bots = rows_of(clicked.get("/explore?rows=verdict&count=bots&download=csv"))
    assert bots[0][1] == "Clicks of bots"
    assert ["1" for row in bots[1:] if row[1] == "1"] == ["1"]


def test_a_page_says_the_question_in_four_forms(clicked: Browser) -> None:
    page = clicked.get("/explore?rows=country&period=7d")
    told = unescape(page.text)
    for form in ("/api/v1/stats?", "curl -H", "hopline stats", "SELECT"):
        assert form in told


def test_a_crossed_table_is_there_as_json_and_the_forms_say_that_they_cross_nothing(
    clicked: Browser,
) -> None:
    asked = "/explore?rows=country&columns=browser"
    told = clicked.get(f"{asked}&download=json")
    assert told.headers["content-type"] == "application/json"
    assert "hopline.json" in told.headers["content-disposition"]
    assert told.json == {
        "rows": "Country",
        "counted": "Clicks of people",
        "columns": ["Firefox", "=cmd|' /C calc'!A0"],
        "table": [
            {"name": "Germany", "total": 4, "cells": [3, 1], "others": 0},
            {"name": "France", "total": 2, "cells": [2, 0], "others": 0},
        ],
        "others": 0,
    }
    page, plain = clicked.get(asked), clicked.get("/explore?rows=country")
    assert "not crossed" in text_of(page)
    assert "Each gives the same figures" not in text_of(page)
    assert f'<a href="{asked}&download=json">as JSON</a>' in unescape(page.text)
    assert "Each gives the same figures" in text_of(plain)
    assert "/api/v1/stats" in page.text
    assert 'href="/api/v1/stats' not in page.text
    assert 'href="/api/v1/stats' in plain.text


def test_a_row_is_a_filter(clicked: Browser) -> None:
    assert "filter=country=DE" in unescape(clicked.get("/explore").text).replace("%3D", "=")
    only = rows_of(clicked.get("/explore?rows=country&filter=country%3DFR&download=csv"))
    assert [row[0] for row in only[1:]] == ["France"]


@pytest.mark.parametrize(
    ("asked", "blamed"),
    [
        ("rows=shoe_size", "rows"),
        ("columns=shoe_size", "columns"),
        ("rows=country&columns=country", "columns"),
        ("count=money", "count"),
        ("limit=1000000", "limit"),
        ("period=never", "period"),
    ],
)
def test_what_cant_be_asked_is_named(reporting: Browser, asked: str, blamed: str) -> None:
    answer = reporting.get(f"/explore?{asked}")
    assert answer.status_code == 400
    assert f"{blamed}:" in text_of(answer).replace(" :", ":")


def test_without_clickhouse_it_says_so(browser: Browser) -> None:
    answer = browser.get("/explore?rows=country&columns=browser&download=csv")
    assert answer.status_code == 200
    assert "ClickHouse is away" in text_of(answer)
