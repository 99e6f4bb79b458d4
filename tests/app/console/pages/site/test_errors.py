from typing import Any

from app.console.api.problem import KINDS
from app.keys.store import KeyStore
from app.links.store import open_store
from app.stores.clickhouse.connection import ClickHouseUnavailable
from tests.support.console import Broken, client_of
from tests.support.pages import Browser, text_of


def test_without_redis_people_read_so_on_a_page_and_programs_as_before(
    make_settings: Any, free_port: Any
) -> None:
    held = make_settings(redis_url=f"redis://127.0.0.1:{free_port()}")
    client = client_of(Broken(ClickHouseUnavailable("away")), open_store(held))
    answer = Browser(client).get("/links")
    assert answer.status_code == 503
    assert "Redis doesn't answer as it should" in text_of(answer)
    assert answer.headers["retry-after"]
    told = client.simulate_get("/api/v1/links")
    assert told.headers["content-type"] == "application/problem+json"


def test_what_is_not_there_is_a_page_for_people_alone(browser: Browser) -> None:
    answer = browser.get("/nothing")
    assert (answer.status_code, "There is nothing here" in text_of(answer)) == (404, True)
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert browser.client.simulate_get("/nothing").json["status"] == 404


def test_below_the_interface_browsers_get_problems_too(browser: Browser) -> None:
    answer = browser.get("/api/v1/links/nothing")
    assert answer.headers["content-type"] == "application/problem+json"


def test_what_a_problem_means_is_told_to_who_has_not_signed_in(
    guarded: Browser, keys: KeyStore
) -> None:
    keys.add("somebody", ("admin",))
    page = guarded.get("/problems/link-deleted")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert f"410 {KINDS['link-deleted'].title} {KINDS['link-deleted'].meaning}" in text_of(page)
    told = guarded.client.simulate_get("/problems/link-deleted")
    assert (told.status_code, told.json["type"]) == (200, "/problems/link-deleted")
    assert "Accept" in told.headers["vary"]


def test_an_unknown_kind_of_problem_is_not_there_for_people_and_programs(
    guarded: Browser,
) -> None:
    page = guarded.get("/problems/moon")
    assert (page.status_code, "There is no kind of problem" in text_of(page)) == (404, True)
    assert guarded.client.simulate_get("/problems/moon").json["status"] == 404
    assert guarded.get("/problems/link-deleted/more").status_code == 404
