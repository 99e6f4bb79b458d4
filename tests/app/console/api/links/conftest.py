"""The console's links, without ClickHouse, which they don't need."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import falcon.testing
import pytest

from app.keys.caller import Scope
from app.keys.store import KeyStore
from app.stores.clickhouse.connection import ClickHouseUnavailable
from app.stores.redis.client import connect
from tests.support.console import TOKEN, Broken, client_of

Client = falcon.testing.TestClient


@pytest.fixture
def client(links: Any) -> falcon.testing.TestClient:
    return client_of(Broken(ClickHouseUnavailable("away")), links)


@pytest.fixture
def client_with(links: Any, redis_url: str) -> Iterator[Callable[..., Client]]:
    """Return what makes the client of who holds a new key."""
    with connect(redis_url, timeout_seconds=30) as redis:
        keys = KeyStore(redis, redis_url)
        app = client_of(Broken(ClickHouseUnavailable("away")), links, TOKEN, keys=keys).app

        def make_client(*scopes: Scope, tags: Sequence[str] = ()) -> Client:
            _, credential = keys.add("some", scopes, tags=tags)
            return Client(app, headers={"Authorization": f"Bearer {credential.text}"})

        yield make_client
