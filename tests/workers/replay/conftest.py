import pytest

from tests.support.command_line import hopline
from tests.support.workers.replay_world import World, write_countries

__all__ = ["hopline"]


@pytest.fixture
def world(make_settings, redis_url, clicks_url):
    made = World(make_settings(redis_url=redis_url, clickhouse_url=clicks_url))
    yield made
    made.close()


@pytest.fixture
def countries(tmp_path):
    """An older country database and today's."""
    return (
        write_countries(tmp_path / "old.mmdb", DE="192.0.2.0/24"),
        write_countries(tmp_path / "new.mmdb", FR="192.0.2.0/24"),
    )
