from collections.abc import Callable
from datetime import timedelta
from typing import Any

import falcon.testing
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config.settings import Settings
from app.console.api.clicks.listing import read_place, write_place
from app.exports.pages import Place
from app.links.store import LinkStore
from app.stores.clickhouse.connection import ClickHouseUnavailable
from app.stores.redis.client import connect as connect_redis
from tests.support.clicks import NOON, bot_row, click_row, insert_clicks
from tests.support.console import Broken, clicks_of, client_of

PATH = "/api/v1/clicks"


def page(client: falcon.testing.TestClient, **params: Any) -> Any:
    answer = client.simulate_get(PATH, params=params, params_csv=False)
    assert answer.status_code == 200, answer.text
    return answer.json


def ids(found: Any) -> list[str]:
    return [each["click_id"] for each in found["data"]]


def walk(client: falcon.testing.TestClient, **params: Any) -> list[str]:
    """Return the ids of all pages, up to an empty one."""
    found: list[str] = []
    shown = page(client, **params)
    while True:
        found += ids(shown)
        if not shown["next_cursor"] or not shown["data"]:
            return found
        shown = page(client, **params, cursor=shown["next_cursor"])


def minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


def test_clicks_come_newest_first_whole_and_once(
    client: falcon.testing.TestClient, migrated_url: str
) -> None:
    rows = [click_row(NOON + minutes(each)) for each in range(3)]
    insert_clicks(migrated_url, *rows)
    insert_clicks(migrated_url, rows[1] | {"country": "FR", "enriched_at": NOON + minutes(60)})
    found = page(client)
    assert ids(found) == [each["click_id"].hex() for each in reversed(rows)]
    shown = found["data"][1]
    assert (shown["country"], shown["verdict"], shown["is_bot"]) == ("FR", "person", False)
    assert (shown["time"], shown["enriched_at"]) == (
        "2026-05-10T12:01:00.000Z",
        "2026-05-10T13:00:00.000Z",
    )
    assert found["next_cursor"] is None


def test_pages_are_stable_while_clicks_come(
    client: falcon.testing.TestClient, migrated_url: str
) -> None:
    rows = [click_row(NOON + minutes(each // 2)) for each in range(7)]
    insert_clicks(migrated_url, *rows)
    first = client.simulate_get(PATH, params={"limit": 3})
    insert_clicks(migrated_url, click_row(NOON + minutes(90)))
    behind = client.simulate_get(first.headers["link"].split(">")[0].strip("<"))
    last = page(client, limit=3, cursor=behind.json["next_cursor"])
    found = [*ids(first.json), *ids(behind.json), *ids(last)]
    assert sorted(found) == sorted(each["click_id"].hex() for each in rows)
    assert last["next_cursor"] is None


def test_which_clicks_is_asked_as_of_reports(
    client: falcon.testing.TestClient, migrated_url: str, links: LinkStore
) -> None:
    links.create({"target": "https://example.com/", "tags": "spring"}, code="c")
    rows = [
        click_row(NOON, short_code="a"),
        bot_row(NOON + minutes(1), short_code="b"),
        click_row(NOON + minutes(2), short_code="c", country="FR"),
    ]
    insert_clicks(migrated_url, *rows)

    def codes(**params: Any) -> list[str]:
        return [each["short_code"] for each in page(client, **params)["data"]]

    assert codes(code=["a", "b"]) == ["b", "a"]
    assert codes(tag="spring") == ["c"]
    assert codes(filter=["kind=person", "country=DE"]) == ["a"]
    assert codes(since="2026-05-10T12:01", until="2026-05-10T12:02") == ["b"]
    assert codes(filter="reasons~nothing") == []


def test_a_filter_holds_of_the_newest_row_alone(
    client: falcon.testing.TestClient, migrated_url: str
) -> None:
    row = click_row(country="")
    insert_clicks(migrated_url, row)
    insert_clicks(migrated_url, row | {"country": "FR", "enriched_at": NOON + minutes(60)})
    for order in ("newest", "stored"):
        assert ids(page(client, order=order, filter='country=""')) == []
        assert len(ids(page(client, order=order, filter="country=FR"))) == 1


def test_in_the_order_of_storing_only_what_is_new_comes(
    client: falcon.testing.TestClient, migrated_url: str
) -> None:
    rows = [click_row(NOON + minutes(each)) for each in range(5)]
    insert_clicks(migrated_url, *rows)
    assert walk(client, order="stored", limit=2) == [each["click_id"].hex() for each in rows]
    cursor = page(client, order="stored")["next_cursor"]
    assert page(client, order="stored", cursor=cursor) == {"data": [], "next_cursor": cursor}
    # One that waited long in a spool, and one whose row is made anew.
    late = click_row(NOON - minutes(600), enriched_at=NOON + minutes(30))
    again = rows[0] | {"country": "FR", "enriched_at": NOON + minutes(31)}
    insert_clicks(migrated_url, late, again)
    found = page(client, order="stored", cursor=cursor)
    assert ids(found) == [late["click_id"].hex(), again["click_id"].hex()]


def test_nothing_is_told_that_a_click_on_its_way_could_come_before(
    client: falcon.testing.TestClient, migrated_url: str, held: Settings, redis_url: str
) -> None:
    with connect_redis(redis_url, timeout_seconds=30) as redis:
        entry_ms = int(redis.xadd(held.stream, {"short_code": "abc"}).partition(b"-")[0])

        def row_of(milliseconds: int) -> dict[str, Any]:
            return click_row(enriched_at=NOON.fromtimestamp(milliseconds / 1000, NOON.tzinfo))

        before, after = row_of(entry_ms - 10_000), row_of(entry_ms)
        insert_clicks(migrated_url, before, after)
        first = page(client, order="stored")
        assert ids(first) == [before["click_id"].hex()]
        redis.xgroup_create(held.stream, held.group, "0")
        redis.xreadgroup(held.group, "me", {held.stream: ">"})
        cursor = first["next_cursor"]
        assert ids(page(client, order="stored", cursor=cursor)) == []
        redis.xtrim(held.stream, 0)
        redis.xgroup_destroy(held.stream, held.group)
    # Its clock may be two seconds ahead.
    while not (found := page(client, order="stored", cursor=cursor)["data"]):
        continue
    assert found[0]["click_id"] == after["click_id"].hex()


def test_clicks_of_one_millisecond_are_each_told_once(
    client: falcon.testing.TestClient, migrated_url: str
) -> None:
    rows = [click_row() for _ in range(10)]
    insert_clicks(migrated_url, *rows)
    wanted = sorted(each["click_id"].hex() for each in rows)
    for order in ("newest", "stored"):
        assert sorted(walk(client, order=order, limit=3)) == wanted


def test_all_that_is_wrong_with_a_question_is_named_at_once(
    client: falcon.testing.TestClient,
) -> None:
    params = {"limit": "0", "order": "x", "since": "soon", "colour": "red", "cursor": "~"}
    answer = client.simulate_get(PATH, params=params)
    assert (answer.status_code, answer.json["type"]) == (400, "/problems/invalid-parameter")
    assert {each["field"] for each in answer.json["errors"]} == params.keys()


def test_a_cursor_goes_with_its_question_and_caller(
    client: falcon.testing.TestClient, migrated_url: str, key: Callable[..., dict[str, str]]
) -> None:
    insert_clicks(migrated_url, click_row(), click_row())
    headers, others = key(), key("spring")
    params = {"limit": 1, "tag": "spring"}
    first = client.simulate_get(PATH, params={"limit": 1}, headers=headers)
    params = {"cursor": first.json["next_cursor"]}
    assert client.simulate_get(PATH, params=params, headers=headers).status_code == 200
    for other in ({"code": "abc"}, {"order": "stored"}):
        answer = client.simulate_get(PATH, params={**params, **other}, headers=headers)
        assert (answer.status_code, answer.json["parameter"]) == (400, "cursor")
    assert client.simulate_get(PATH, params=params, headers=others).status_code == 400


def test_a_key_with_tags_sees_clicks_of_their_links_alone(
    client: falcon.testing.TestClient,
    migrated_url: str,
    links: LinkStore,
    key: Callable[..., dict[str, str]],
) -> None:
    links.create({"target": "https://example.com/", "tags": "spring"}, code="c")
    links.create({"target": "https://example.com/"}, code="a")
    insert_clicks(migrated_url, click_row(short_code="c"), click_row(short_code="a"))
    headers = key("spring")

    def asked(**params: str) -> Any:
        return client.simulate_get(PATH, params=params, headers=headers)

    assert [each["short_code"] for each in asked().json["data"]] == ["c"]
    assert asked(code="a").status_code == asked(code="nothing").status_code == 404
    assert asked(tag="autumn").status_code == 403
    for other in (key(scopes=("stats:read",)), key(scopes=("links:read",))):
        assert client.simulate_get(PATH, headers=other).status_code == 403


def test_a_code_that_nobody_knows_is_told_from_one_without_clicks(
    client: falcon.testing.TestClient, links: LinkStore
) -> None:
    links.create({"target": "https://example.com/"}, code="a")
    assert page(client, code="a")["data"] == []
    assert client.simulate_get(PATH, params={"code": "nothing"}).status_code == 404


def test_without_clickhouse_it_asks_to_come_back(links: LinkStore, held: Settings) -> None:
    away = held.model_copy(update={"clickhouse_url": "clickhouse://127.0.0.1:1/hopline"})
    reports = Broken(ClickHouseUnavailable("away"))
    client = client_of(reports, links, more=clicks_of(away, links))
    answer = client.simulate_get(PATH)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


@given(
    st.builds(
        Place,
        st.integers(0, 10**13),
        st.binary(min_size=16, max_size=16).map(bytes.hex),
        st.text(st.characters(exclude_categories=("Cs",))),
    )
)
def test_a_place_is_read_back(place: Place) -> None:
    assert read_place(write_place(place, "x"), "x") == place
    with pytest.raises(ValueError, match="other parameters"):
        read_place(write_place(place, "x"), "y")


@given(st.text())
def test_whatever_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is none|other parameters"):
        read_place(text, "x")
