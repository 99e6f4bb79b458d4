"""The console's pages, as a browser asks for them."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.keys.store import KeyStore
from app.stores.clickhouse.connection import ClickHouseUnavailable
from app.stores.redis.client import connect
from tests.support.console import TOKEN, Broken, client_of
from tests.support.pages import Browser


@pytest.fixture
def keys(redis_url: str) -> Iterator[KeyStore]:
    with connect(redis_url, timeout_seconds=30) as client:
        yield KeyStore(client, redis_url)


@pytest.fixture
def browser(links: Any) -> Browser:
    """One on this machine, where no key exists, and ClickHouse is away."""
    return Browser(client_of(Broken(ClickHouseUnavailable("away")), links))


@pytest.fixture
def guarded(links: Any, keys: KeyStore) -> Browser:
    """One that has to sign in."""
    return Browser(client_of(Broken(ClickHouseUnavailable("away")), links, TOKEN, keys=keys))


@pytest.fixture
def reporting(reports: Any, links: Any) -> Browser:
    """One on this machine, and everything is there."""
    return Browser(client_of(reports, links))
