import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import falcon.testing
import pytest

from app.config.settings import Settings
from app.exports.clicks import COLUMNS
from app.links.store import LinkStore
from app.stores.clickhouse.connection import connect
from tests.support.clicks import NOON, click_row, insert_clicks

PATH = "/api/v1/clicks/export"


def export(client: falcon.testing.TestClient, **params: Any) -> Any:
    answer = client.simulate_get(PATH, params=params, params_csv=False)
    assert answer.status_code == 200, answer.text
    return answer


def test_clicks_are_exported_in_each_form(
    client: falcon.testing.TestClient, migrated_url: str
) -> None:
    rows = [click_row(NOON + timedelta(minutes=each), referrer="=1+1") for each in range(3)]
    insert_clicks(migrated_url, *rows)
    wanted = [each["click_id"].hex() for each in rows]
    found = export(client, format="ndjson")
    assert found.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line)["click_id"] for line in found.text.splitlines()] == wanted
    table = export(client)
    assert table.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert 'filename="clicks.csv"' in table.headers["content-disposition"]
    lines = list(csv.DictReader(io.StringIO(table.text)))
    assert [line["click_id"] for line in lines] == wanted
    assert (list(lines[0]), lines[0]["referrer"]) == (list(COLUMNS), "'=1+1")
    columns = export(client, format="parquet")
    assert (columns.content[:4], columns.content[-4:]) == (b"PAR1", b"PAR1")


def test_an_export_goes_on_behind_a_row_as_it_wrote_it(
    client: falcon.testing.TestClient, migrated_url: str
) -> None:
    insert_clicks(migrated_url, *(click_row(NOON + timedelta(days=9 * each)) for each in range(9)))
    whole = export(client)
    lines = whole.text.splitlines(keepends=True)
    last = next(csv.reader(lines[4:5]))
    cursor = "-".join(last[:3])
    rest = export(client, cursor=cursor, until=whole.headers["hopline-until"])
    assert rest.headers["content-type"] == "text/csv; charset=utf-8; header=absent"
    assert "".join(lines[:5]) + rest.text == whole.text


def test_an_export_has_the_clicks_that_the_list_has(
    client: falcon.testing.TestClient,
    migrated_url: str,
    links: LinkStore,
    key: Callable[..., dict[str, str]],
) -> None:
    links.create({"target": "https://example.com/", "tags": "spring"}, code="c")
    for code, country in (("c", "DE"), ("c", "FR"), ("a", "DE")):
        insert_clicks(migrated_url, click_row(short_code=code, country=country))
    headers = key("spring")
    for params in ({}, {"filter": "country=FR"}, {"until": "2026-05-10"}):
        listed = client.simulate_get("/api/v1/clicks", params=params, headers=headers)
        found = client.simulate_get(
            PATH, params={**params, "format": "ndjson"}, headers=headers
        ).text.splitlines()
        ids = {json.loads(line)["click_id"] for line in found}
        assert ids == {each["click_id"] for each in listed.json["data"]}
    assert client.simulate_get(PATH, params={"code": "a"}, headers=headers).status_code == 404


def test_all_that_is_wrong_is_named_and_a_head_tells_the_same(
    client: falcon.testing.TestClient,
) -> None:
    params = {"format": "xlsx", "cursor": "1-2-3", "limit": "5", "tz": "Mars"}
    answer = client.simulate_get(PATH, params=params)
    assert answer.status_code == 400
    assert {each["field"] for each in answer.json["errors"]} == params.keys()
    assert client.simulate_head(PATH, params=params).status_code == 400
    head = client.simulate_head(PATH, params={"format": "parquet"})
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == "application/vnd.apache.parquet"


def test_what_is_yet_to_come_is_no_export(client: falcon.testing.TestClient) -> None:
    answer = client.simulate_get(PATH, params={"since": "2200-01-01"})
    assert (answer.status_code, answer.json["parameter"]) == (400, "since")


@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet"])
def test_a_file_without_clicks_is_whole(client: falcon.testing.TestClient, form: str) -> None:
    assert export(client, format=form).content.startswith(
        {"csv": b"time,", "parquet": b"PAR1"}.get(form, b"")
    )


def test_an_export_that_fails_at_once_gives_its_turn_back(
    client: falcon.testing.TestClient, held: Settings, migrated_url: str
) -> None:
    with connect(migrated_url, timeout_seconds=30) as database:
        database.execute("DROP TABLE clicks SYNC")
    for _ in range(5):
        assert client.simulate_get(PATH).status_code == 503
