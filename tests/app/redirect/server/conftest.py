import resource
from collections.abc import Iterator

import pytest

from tests.support.server.gunicorn_server import Gunicorn


@pytest.fixture
def files() -> Iterator[int]:
    """As many open files as this process may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gunicorn]:
    """gunicorn with our worker."""
    with Gunicorn(tmp_path_factory.mktemp("ours")) as server:
        yield server


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gunicorn]:
    """gunicorn with its own gevent worker, but for how its refusals are written."""
    worker = "tests.support.server.stock_worker.StockWorker"
    with Gunicorn(tmp_path_factory.mktemp("stock"), worker=worker) as server:
        yield server
