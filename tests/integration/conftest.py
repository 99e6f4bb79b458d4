import pytest

from app.schema.migrations import migrate
from tests.support import servers
from tests.support.browsers import ARGUMENTS
from tests.support.up_process import Up


@pytest.fixture
def up(tmp_path, free_port):
    made = []

    def make(data="data", **variables):
        made.append(Up(tmp_path / data, free_port(), free_port(), **variables))
        return made[-1]

    yield make
    for one in made:
        if one.is_running:
            one.stop()
            assert one.text.endswith("stopping\nstopped\n")


@pytest.fixture
def running(up, cache_dir, country_database, shared_clickhouse):
    """An `up` that answers; its downloads are in the cache."""
    return up().start().wait_until_ready()


@pytest.fixture(scope="module")
def lasting(tmp_path_factory, cache_dir, country_database, shared_clickhouse):
    """An `up` that the tests of a file use, each with links of its own; all leave it well."""
    folder = tmp_path_factory.mktemp("lasting") / "data"
    one = Up(folder, servers.free_port(), servers.free_port()).start().wait_until_ready()
    yield one
    one.stop()
    assert one.text.endswith("stopping\nstopped\n")


@pytest.fixture(scope="module")
def chrome(chromium):
    """A browser that the tests of a file use, each with windows of its own."""
    # Only two files need it.
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def valkey(valkey_server):
    """A Valkey of the test's own."""
    return valkey_server()


@pytest.fixture
def clickhouse(clickhouse_server):
    """A ClickHouse of the test's own, with our tables."""
    server = clickhouse_server()
    migrate(server.url("hopline"), timeout_seconds=30, ttl_days=0)
    return server
