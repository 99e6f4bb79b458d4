"""Stores and the console over them."""

from collections.abc import Iterator
from typing import Any

import falcon.testing
import pytest

from app.links.store import open_store
from app.reports.reading.reader import Reports
from tests.support.console import client_of


@pytest.fixture
def links(make_settings, redis_url: str) -> Any:
    return open_store(make_settings(redis_url=redis_url))


@pytest.fixture
def reports(migrated_url: str) -> Iterator[Reports]:
    with Reports(migrated_url, timeout_seconds=30) as reports:
        yield reports


@pytest.fixture
def client(reports: Reports, links: Any) -> falcon.testing.TestClient:
    return client_of(reports, links)
