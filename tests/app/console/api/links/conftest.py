"""The console's links, without ClickHouse, which they don't need."""

from typing import Any

import falcon.testing
import pytest

from app.stores.clickhouse.connection import ClickHouseUnavailable
from tests.support.console import Broken, client_of


@pytest.fixture
def client(links: Any) -> falcon.testing.TestClient:
    return client_of(Broken(ClickHouseUnavailable("away")), links)
