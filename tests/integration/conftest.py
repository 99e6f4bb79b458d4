import pytest

from tests.up_process import Up


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
