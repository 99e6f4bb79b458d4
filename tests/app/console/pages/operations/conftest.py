"""The console's pages for whoever runs Hopline, over real stores."""

from collections.abc import Callable
from typing import Any

import pytest

from app.dead_letters.shards import open_all_dead_letters
from app.health.check import fail, ok
from app.health.system.system import System
from app.keys.store import KeyStore
from app.stores.clickhouse.connection import ClickHouseUnavailable
from tests.support.console import TOKEN, Broken, client_of
from tests.support.pages import Browser

FINDINGS = (ok("redis clock", "1 ms apart"), fail("backlog", "<b>too much</b>", "start workers"))


@pytest.fixture
def make_operator(
    make_settings, redis_url: str, links: Any, keys: KeyStore
) -> Callable[..., Browser]:
    """Make browsers that look at the same console, with a token or without."""
    away = "clickhouse://127.0.0.1:1/hopline"
    held = make_settings(redis_url=redis_url, clickhouse_url=away, redirect_metrics_bind="off")
    system = System(held, examine=lambda _: FINDINGS)
    # Whoever looks first would be told nothing of it where that takes more than a moment.
    system._doctor.get(60)

    def make(token: str | None, **headers: str) -> Browser:
        client = client_of(
            Broken(ClickHouseUnavailable("away")),
            links,
            token,
            keys=keys,
            letters=open_all_dead_letters(held),
            system=system,
        )
        return Browser(client, **headers)

    return make


@pytest.fixture
def operator(make_operator: Callable[..., Browser]) -> Browser:
    """Somebody who has signed in with the console's token."""
    browser = make_operator(TOKEN)
    assert browser.send("/sign-in", key=TOKEN).status_code == 303
    return browser
