"""The console over real stores, asked as Shlink's clients ask it."""

from collections.abc import Callable, Iterator
from typing import Any

import falcon.testing
import pytest

from app.keys.store import KeyStore
from app.stores.redis.client import connect
from tests.support.console import TOKEN, client_of

#: Asks for something by method and path below /rest, with the console's token unless given a key.
Ask = Callable[..., falcon.testing.Result]


@pytest.fixture
def keys(redis_url: str) -> Iterator[KeyStore]:
    with connect(redis_url, timeout_seconds=30) as client:
        yield KeyStore(client, redis_url)


def asking(client: falcon.testing.TestClient) -> Ask:
    def ask(method: str, path: str, key: str | None = TOKEN, **given: Any) -> Any:
        headers = {**({"X-Api-Key": key} if key else {}), **given.pop("headers", {})}
        answer = client.simulate_request(method, f"/rest{path}", headers=headers, **given)
        if answer.headers.get("content-type") == "application/problem+json":
            assert answer.json["status"] == answer.status_code
        return answer

    return ask


@pytest.fixture
def ask(reports: Any, links: Any, keys: KeyStore) -> Ask:
    return asking(client_of(reports, links, TOKEN, keys=keys, origins=["https://web.example"]))
