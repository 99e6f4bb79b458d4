"""The console, and who asks it in the language of YOURLS."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import falcon.testing
import pytest

from app.keys.store import KeyStore
from app.reports.reading.reader import Reports
from app.stores.redis.client import connect
from tests.support.console import client_of

Ask = Callable[..., Any]
ALL = ("links:read", "links:write", "stats:read")


@pytest.fixture
def keys(redis_url: str) -> Iterator[KeyStore]:
    with connect(redis_url, timeout_seconds=30) as client:
        yield KeyStore(client, redis_url)


@pytest.fixture
def sign(keys: KeyStore) -> Callable[..., str]:
    """A function that adds a key and returns its signature."""

    def add(*scopes: Any, tags: tuple[str, ...] = ()) -> str:
        _, signature = keys.add("client", scopes or ALL, tags=tags, of_yourls=True)
        return signature.text

    return add


@pytest.fixture
def client(reports: Reports, links: Any, keys: KeyStore) -> falcon.testing.TestClient:
    return client_of(reports, links, keys=keys)


@pytest.fixture
def ask(client: falcon.testing.TestClient, sign: Callable[..., str]) -> Ask:
    """A function that asks by POST for JSON, with a key that may do everything."""
    usual = sign()

    def post(action: str = "", signature: str = usual, **given: object) -> falcon.testing.Result:
        pairs = {"action": action, "signature": signature, "format": "json", **given}
        return client.simulate_post(
            "/yourls-api.php",
            body=urlencode(pairs),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )

    return post
