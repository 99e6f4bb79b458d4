"""The console over links in Redis and clicks in ClickHouse."""

from collections.abc import Callable
from typing import Any

import falcon.testing
import pytest

from app.config.settings import Settings
from app.keys.caller import Scope
from app.keys.store import open_keys
from app.reports.reading.reader import Reports
from tests.support.console import clicks_of, client_of


@pytest.fixture
def held(make_settings: Any, redis_url: str, migrated_url: str) -> Settings:
    settings: Settings = make_settings(redis_url=redis_url, clickhouse_url=migrated_url)
    return settings


@pytest.fixture
def client(reports: Reports, links: Any, held: Settings) -> falcon.testing.TestClient:
    return client_of(reports, links, keys=open_keys(held), more=clicks_of(held, links))


@pytest.fixture
def key(held: Settings) -> Callable[..., dict[str, str]]:
    """Return the header of a new key."""

    def make(*tags: str, scopes: tuple[Scope, ...] = ("clicks:read",)) -> dict[str, str]:
        _, credential = open_keys(held).add("test", scopes, tags=tags)
        return {"Authorization": f"Bearer {credential.text}"}

    return make
