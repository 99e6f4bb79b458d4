import shlex
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson
import pytest
from hypothesis import HealthCheck, given, settings

from app.cli.main import load_command, main
from app.reports.answer import to_json
from app.reports.conditions import Statement
from app.reports.filters import Condition
from app.reports.json_form import from_json
from app.reports.json_form import to_json as query_to_json
from app.reports.query import BadQuery, Query
from app.reports.reading.asking import Asking
from app.reports.reading.reader import Reports
from app.reports.spellings import (
    NAMES,
    read,
    read_parameters,
    spell,
    to_command,
    to_sql,
    to_url,
)
from app.schema.migrations import migrate
from app.stores.clickhouse.connection import connect
from tests.support.clicks import bot_row, click_row, insert_clicks
from tests.support.queries import DAY, HOSTILE, NOW, TEXTS, queries


@given(queries())
def test_a_query_is_read_back_from_its_url(query: Query) -> None:
    parts = urlsplit(f"http://console{to_url(query)}")
    texts = read_parameters(parts.query)
    if parts.path.startswith("/api/v1/links/"):
        texts["code"] = [unquote(parts.path.split("/")[4])]
    assert read(texts, NOW) == query


@given(queries())
def test_a_query_is_read_back_from_its_json(query: Query) -> None:
    assert from_json(orjson.loads(orjson.dumps(query_to_json(query))), NOW) == query


@given(queries())
def test_a_query_is_read_back_from_its_command_line(query: Query) -> None:
    """Words that begin with a hyphen are options, which no code is."""
    words = shlex.split(to_command(query))
    assert words[:2] == ["hopline", "stats"]
    texts: dict[str, list[str]] = {}
    for word in words[2:]:
        name, found, text = word.partition("=")
        if found and name.removeprefix("--") in NAMES and name.startswith("--"):
            texts.setdefault(name[2:], []).append(text)
        elif word != "--all":
            texts.setdefault("code", []).append(word)
    assert read(texts, NOW) == query


@pytest.mark.parametrize(
    "query",
    [
        Query(),
        Query(codes=("a b", "ü'"), week="sunday", order="clicks", limit=3, by=("country", "link")),
        Query(tag="spring sale", metrics=("clicks", "humans"), compare="year", period="30d"),
        Query(codes=("x",), tz="Asia/Kathmandu", interval="week", since=NOW - 9 * DAY, until=NOW),
        Query(filter=Condition("country", "!=", ("DE", "A,T"))),
    ],
)
def test_the_command_itself_reads_its_words(
    query: Query, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", [*shlex.split(to_command(query)), "--as", "json"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    assert orjson.loads(capsys.readouterr().out) == query_to_json(query)


def test_the_command_has_an_option_for_each_field() -> None:
    known = {name for each in load_command("stats").params for name in each.opts}
    assert {f"--{name}" for name in NAMES if name != "code"} <= known


def test_what_is_as_by_default_is_not_spelled() -> None:
    assert list(spell(Query(codes=("abc",)))) == [("code", "abc")]
    assert to_url(Query()) == "/api/v1/stats"
    assert to_command(Query()) == "hopline stats --all"
    assert query_to_json(Query()) == {}


@pytest.mark.parametrize(
    ("texts", "field"),
    [
        ({"form": ["x"]}, "form"),
        ({"since": ["soon"]}, "since"),
        ({"since": ["9999-01-01"]}, "since"),
        ({"until": ["1d", "2d"]}, "until"),
        ({"tz": ["Mars"]}, "tz"),
        ({"tz": [""]}, "tz"),
        ({"period": ["8d"]}, "period"),
        ({"compare": [""]}, "compare"),
        ({"interval": ["'; DROP TABLE clicks"]}, "interval"),
        ({"by": ["country,"]}, "by"),
        ({"by": ["none,country"]}, "by"),
        ({"metrics": ["money"]}, "metrics"),
        ({"order": ["humans; --"]}, "order"),
        ({"week": ["friday"]}, "week"),
        ({"filter": ["1=1"]}, "filter"),
        ({"limit": ["9" * 5000]}, "limit"),
        ({"limit": ["٣"]}, "limit"),
        ({"limit": ["-1"]}, "limit"),
        ({"code": [str(code) for code in range(1001)]}, "code"),
    ],
)
def test_what_cannot_be_read_names_its_field(texts: dict[str, list[str]], field: str) -> None:
    with pytest.raises(BadQuery) as raised:
        read(texts, NOW)
    assert raised.value.field == field
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ([], "query"),
        ("text", "query"),
        ({"form": "x"}, "form"),
        ({"code": [1]}, "code"),
        ({"tz": None}, "tz"),
        ({"limit": "10"}, "limit"),
        ({"limit": True}, "limit"),
        ({"limit": -1}, "limit"),
        ({"limit": 10**30}, "limit"),
        ({"filter": "country=DE"}, "filter"),
        ({"filter": {}}, "filter"),
        ({"filter": {"every": []}}, "filter"),
        ({"filter": {"dimension": "moon", "is": "full"}}, "filter"),
        ({"filter": {"dimension": "country", "like": "D"}}, "filter"),
        ({"filter": {"dimension": "country", "is": [1]}}, "filter"),
        ({"filter": {"dimension": "country", "is": "DE", "or": "AT"}}, "filter"),
        ({"filter": {"dimension": "country", "is": []}}, "filter"),
    ],
)
def test_json_that_cannot_be_read_names_its_field(value: object, field: str) -> None:
    with pytest.raises(BadQuery) as raised:
        from_json(value, NOW)
    assert raised.value.field == field


def test_a_filter_in_json_may_not_be_deeper_than_one_in_text() -> None:
    deep: Any = {"dimension": "country", "is": "DE"}
    for _ in range(200):
        deep = {"not": deep}
    with pytest.raises(BadQuery, match="expected an object"):
        from_json({"filter": deep}, NOW)


@pytest.fixture(scope="module")
def reports(shared_clickhouse) -> Iterator[tuple[Reports, str]]:
    """Reports on clicks that have each hostile text for a value somewhere."""
    url = shared_clickhouse.url("spellings")
    migrate(url, timeout_seconds=60, ttl_days=0)
    rows = [
        row(NOW - number * DAY, short_code=text, country=text, target=text)
        for number, text in enumerate(HOSTILE)
        for row in (click_row, bot_row)
    ]
    insert_clicks(url, *rows)
    with Reports(url, timeout_seconds=30) as reports:
        yield reports, url
    with connect(url, timeout_seconds=60, database="default") as client:
        client.execute("DROP DATABASE spellings SYNC")


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(queries())
def test_all_spellings_have_the_same_answer(reports: tuple[Reports, str], query: Query) -> None:
    asked, url = reports
    with suppress(BadQuery), pytest.MonkeyPatch.context() as patch:
        # More buckets than there may be, or a period yet to come.
        statements = noted_statements(patch)
        expected = to_json(asked.ask(query, NOW))
        assert asked.statement(query, NOW) in statements
        same_for_all_spellings(asked, url, query, expected)


def noted_statements(patch: pytest.MonkeyPatch) -> list[Statement]:
    """Return a list that gets every statement by which figures are asked for."""
    found: list[Statement] = []
    ask = Asking.ask

    def noting(self: Asking, statement: Statement) -> Any:
        found.append(statement)
        return ask(self, statement)

    patch.setattr(Asking, "ask", noting)
    return found


def same_for_all_spellings(asked: Reports, url: str, query: Query, expected: Any) -> None:
    texts: dict[str, list[str]] = {}
    for name, text in spell(query):
        texts.setdefault(name, []).append(text)
    for other in (read(texts, NOW), from_json(query_to_json(query), NOW)):
        assert to_json(asked.ask(other, NOW)) | {"meta": 0} == expected | {"meta": 0}
    statement = asked.statement(query, NOW)
    with connect(url, timeout_seconds=30) as client:
        copied = client.execute(to_sql(statement))
        assert copied == client.execute(statement.text, statement.parameters)


@settings(
    max_examples=50,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(TEXTS)
def test_a_literal_is_the_text_itself(reports: tuple[Reports, str], text: str) -> None:
    statement = Statement("SELECT {a:String}, {b:Array(String)}", {"a": text, "b": [text, "b"]})
    with connect(reports[1], timeout_seconds=60) as client:
        [(one, several)] = client.execute(to_sql(statement))
    assert (one, several) == (text, [text, "b"])
