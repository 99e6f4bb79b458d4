"""Seeding that makes the links to ask for; the only file here that imports the product."""

from typing import Any

from app.config.settings import Settings
from app.links.store import open_store
from loadtest.bench.load import requests


def seed(redis_url: str, client: Any) -> None:
    """Create the links, for Hopline through its own store and for the peers as plain strings.

    Args:
        client: redis-py client of the same server.
    """
    store = open_store(Settings(redis_url=redis_url))
    for code in requests.codes(requests.BENCH_PREFIX) + requests.codes(requests.FROZEN_PREFIX):
        target = requests.target(code)
        store.create({"target": target}, code=code)
        # The cheapest format there is: nothing to decode.
        client.set(f"target:{code}", target)
