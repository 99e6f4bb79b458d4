from typing import Any

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
