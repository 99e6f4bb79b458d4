"""Kinds of problems and their pages."""

import falcon.testing
import pytest

from app.console.api.problem import KINDS, OF_ERRORS, Problem
from app.stores.clickhouse.connection import ClickHouseUnavailable
from app.stores.redis.errors import RedisUnavailable
from tests.support.console import Broken, client_of


@pytest.fixture
def client() -> falcon.testing.TestClient:
    away = Broken(RedisUnavailable("away"))
    return client_of(Broken(ClickHouseUnavailable("away")), away)


@pytest.mark.parametrize("kind", KINDS)
def test_the_type_of_a_problem_is_the_address_of_its_page(
    client: falcon.testing.TestClient, kind: str
) -> None:
    page = client.simulate_get(f"/problems/{kind}")
    assert page.status_code == 200
    assert page.json["type"] == (KINDS[kind].uri or f"/problems/{kind}")
    assert page.json["status"] == Problem(kind, "").status_code
    assert page.json["title"]
    assert page.json["meaning"].endswith(".")


def test_there_is_no_page_of_an_unknown_kind(client: falcon.testing.TestClient) -> None:
    assert client.simulate_get("/problems/moon").status_code == 404


def test_what_use_cases_raise_is_of_a_known_kind() -> None:
    assert set(OF_ERRORS.values()) <= KINDS.keys()


def test_what_may_work_at_once_asks_to_be_tried_again() -> None:
    assert (Problem("link-contended", "x").headers or {}) == {"Retry-After": "1"}
