"""Settings of tables, on real servers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.schema.migrations import migrate
from app.stores.clickhouse.connection import connect
from app.stores.clickhouse.driver import Client
from tests.support.servers import QUICK_CLEANUP, SLOW_CLEANUP, ClickHouseServer

_SETTINGS = """
SELECT name, extract(engine_full, '[a-z_]*cleanup_delay_period = [0-9]+') FROM system.tables
WHERE database = currentDatabase() AND name IN ('clicks', 'ledger') ORDER BY name
"""


@pytest.fixture(scope="module")
def plain_server(
    tmp_path_factory: pytest.TempPathFactory, cache_dir: Path
) -> Iterator[ClickHouseServer]:
    """A server that looks for files to remove when it is its own default."""
    with ClickHouseServer(tmp_path_factory.mktemp("plain"), cache_dir, cleanup="") as server:
        yield server


def cleanup_delays(client: Client) -> dict[str, str]:
    return dict(client.execute(_SETTINGS))


def test_files_of_old_parts_are_looked_for_within_a_minute(plain_server: ClickHouseServer) -> None:
    url = plain_server.url("new")
    migrate(url, timeout_seconds=30, ttl_days=0)
    with connect(url, timeout_seconds=30) as client:
        hastened = "max_cleanup_delay_period = 30"
        assert cleanup_delays(client) == {"clicks": hastened, "ledger": hastened}


@pytest.mark.parametrize(
    "own",
    ["max_cleanup_delay_period = 77", "cleanup_delay_period = 40"],
    ids=["longest", "shortest"],
)
def test_a_delay_that_somebody_has_set_for_a_table_stays(
    plain_server: ClickHouseServer, own: str
) -> None:
    url = plain_server.url(f"own_{len(own)}")
    migrate(url, timeout_seconds=30, ttl_days=0)
    with connect(url, timeout_seconds=30) as client:
        client.execute("ALTER TABLE ledger RESET SETTING max_cleanup_delay_period")
        client.execute(f"ALTER TABLE ledger MODIFY SETTING {own}")
        migrate(url, timeout_seconds=30, ttl_days=0)
        assert cleanup_delays(client) == {"clicks": "max_cleanup_delay_period = 30", "ledger": own}


@pytest.mark.parametrize("cleanup", [QUICK_CLEANUP, SLOW_CLEANUP], ids=["quick", "slow"])
def test_a_server_that_was_told_how_often_to_look_is_left_alone(
    tmp_path: Path, cache_dir: Path, cleanup: str
) -> None:
    with ClickHouseServer(tmp_path, cache_dir, cleanup) as server:
        migrate(server.url("told"), timeout_seconds=30, ttl_days=0)
        with connect(server.url("told"), timeout_seconds=30) as client:
            assert cleanup_delays(client) == {"clicks": "", "ledger": ""}
