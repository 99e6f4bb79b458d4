"""Fixtures that more than one part's tests use.

Rule: real stores. One Valkey and one ClickHouse serve a whole run; each test gets them empty. A
test that stops or kills a store takes one of its own from a factory.
"""

import gc
import itertools
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import hypothesis
import pytest
from pydantic_settings import BaseSettings

from app.config.settings import Settings
from app.local.downloads import CLICKHOUSE_LIBRARY, COUNTRY_DATABASE, DownloadFailed, fetch
from app.stores.clickhouse.connection import of_cluster
from app.stores.clickhouse.driver import errors
from tests.support import scheduling, servers
from tests.support.clickhouse.replicated import CLUSTER, ReplicatedClickHouse
from tests.support.clickhouse.template import Template
from tests.support.clickhouse.zookeeper import find_zookeeper
from tests.support.cluster import Cluster
from tests.support.sentinels import SentinelWatched

MakeSettings = Callable[..., Settings]

# A busy machine is no finding.
hypothesis.settings.register_profile(
    "beside others", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("beside others")


#: A user without rights (Debian policy, §9.2.2).
_NOBODY = 65534


class _PlainSettings(Settings):
    """Settings that don't look at the environment of whoever runs the tests."""

    @classmethod
    def settings_customise_sources(cls, settings_cls: type[BaseSettings], init_settings, **_):
        return (init_settings,)


def pytest_sessionstart() -> None:
    """Prepare what all tests rely on.

    The embedded stores are fetched before the first test, whose time limit is not made for that.
    """
    scheduling.stand_back()
    # Whoever is started in a shell's background ignores Ctrl-C, and so would what the tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        for download in (CLICKHOUSE_LIBRARY, COUNTRY_DATABASE):
            fetch(download, _cache_dir())
    except DownloadFailed as error:
        pytest.exit(str(error), returncode=1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    scheduling.sort(items)


def pytest_collection() -> None:
    """Collect without looking for garbage: there is none, and each look goes through all tests."""
    gc.disable()


def pytest_collection_finish() -> None:
    gc.enable()
    # Nor do later looks go through what lives as long as the run.
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> scheduling.SharedMachine:
    return scheduling.SharedMachine(config, log)


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """Files are open to others unless our own code sees to it; a command that does ends here."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def closed_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that is closed to whoever runs the test, be it root."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(_NOBODY)
    yield folder
    os.seteuid(user)
    folder.chmod(0o700)


def missing(what: str) -> None:
    """Skip at a desk, fail in CI, where a skipped test would look like a passed one."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing, and CI skips nothing")
    pytest.skip(f"{what} is missing")


@pytest.fixture(scope="session")
def cache_dir() -> Path:
    """Where the embedded stores are kept, as for the user who runs the tests."""
    return _cache_dir()


@pytest.fixture
def make_settings(tmp_path: Path, cache_dir: Path) -> MakeSettings:
    """Make settings from defaults and overrides, with the data directory in ``tmp_path``."""

    def make(**overrides: object) -> Settings:
        return _PlainSettings(**{"data_dir": tmp_path, "cache_dir": cache_dir, **overrides})

    return make


@pytest.fixture
def free_port() -> Callable[[], int]:
    """A function that returns a port nothing listens on."""
    return servers.free_port


@pytest.fixture(scope="session")
def shared_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
def cluster(shared_cluster: Cluster) -> Iterator[Cluster]:
    """An empty cluster of three primaries without replicas, which no test may break."""
    yield shared_cluster
    shared_cluster.empty()


@pytest.fixture(scope="session")
def shared_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.RedisServer]:
    with servers.RedisServer(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture(scope="session")
def shared_clickhouse(
    tmp_path_factory: pytest.TempPathFactory, cache_dir: Path
) -> Iterator[servers.ClickHouseServer]:
    with servers.ClickHouseServer(tmp_path_factory.mktemp("clickhouse"), cache_dir) as server:
        yield server


@pytest.fixture
def redis_url(shared_valkey: servers.RedisServer) -> Iterator[str]:
    """URL of a real Valkey, empty before and after."""
    shared_valkey.empty()
    yield shared_valkey.url
    shared_valkey.empty()


@pytest.fixture
def clickhouse_url(shared_clickhouse: servers.ClickHouseServer) -> Iterator[str]:
    """URL of a new, empty database on a real ClickHouse; nothing is migrated."""
    database = f"test_{next(_numbers)}"
    _on_clickhouse(shared_clickhouse, f"CREATE DATABASE {database}")
    yield shared_clickhouse.url(database)
    _on_clickhouse(shared_clickhouse, f"DROP DATABASE IF EXISTS {database} SYNC")


@pytest.fixture(scope="session")
def clickhouse_template(shared_clickhouse: servers.ClickHouseServer) -> Template:
    return Template(shared_clickhouse.url("hopline_template"))


@pytest.fixture
def migrated_url(clickhouse_template: Template, clickhouse_url: str) -> str:
    """URL of a database with our tables, as they are when nothing was ever stored."""
    clickhouse_template.copy(clickhouse_url)
    return clickhouse_url


@pytest.fixture
def valkey_server(tmp_path: Path) -> Iterator[Callable[[], servers.RedisServer]]:
    """A function that starts a Valkey for this test alone, to be stopped, killed or frozen."""
    with ExitStack() as started:
        folders = (tmp_path / f"valkey-{number}" for number in itertools.count())
        yield lambda: started.enter_context(servers.RedisServer(next(folders)))


@pytest.fixture
def clickhouse_server(
    tmp_path: Path, cache_dir: Path
) -> Iterator[Callable[[], servers.ClickHouseServer]]:
    """A function that starts a ClickHouse for this test alone."""
    with ExitStack() as started:
        folders = (tmp_path / f"clickhouse-{number}" for number in itertools.count())
        yield lambda: started.enter_context(servers.ClickHouseServer(next(folders), cache_dir))


@pytest.fixture(scope="session")
def zookeeper_classes(cache_dir: Path) -> Path:
    """The folder of Debian's ZooKeeper."""
    return find_zookeeper(cache_dir) or missing("ZooKeeper, or a Java to run it") or Path()


@pytest.fixture
def clickhouse_replicas(
    tmp_path: Path, cache_dir: Path, zookeeper_classes: Path
) -> Iterator[Callable[..., ReplicatedClickHouse]]:
    """A function that starts replicas of ClickHouse, and their Keeper, for this test alone."""
    with ExitStack() as started:
        folders = (tmp_path / f"replicas-{number}" for number in itertools.count())
        yield lambda count=2, shards=1: started.enter_context(
            ReplicatedClickHouse(next(folders), cache_dir, zookeeper_classes, count, shards)
        )


@pytest.fixture(scope="module")
def shared_replicas(
    tmp_path_factory: pytest.TempPathFactory, cache_dir: Path, zookeeper_classes: Path
) -> Iterator[ReplicatedClickHouse]:
    """Two replicas that the tests of a file use; what one has killed is started again."""
    folder = tmp_path_factory.mktemp("replicas")
    with ReplicatedClickHouse(folder, cache_dir, zookeeper_classes) as replicas:
        yield replicas


@pytest.fixture
def replicas_url(shared_replicas: ReplicatedClickHouse) -> Iterator[str]:
    """URL of a database that is on neither of the shared replicas yet, and of their cluster."""
    shared_replicas.ensure_running()
    database = f"test_{next(_numbers)}"
    yield of_cluster(shared_replicas.url(database), CLUSTER, "0")
    shared_replicas.ensure_running()
    shared_replicas.drop(database)


@pytest.fixture(scope="module")
def shared_shards(
    tmp_path_factory: pytest.TempPathFactory, cache_dir: Path, zookeeper_classes: Path
) -> Iterator[ReplicatedClickHouse]:
    """Two shards of two replicas that the tests of a file use; as :func:`shared_replicas`."""
    folder = tmp_path_factory.mktemp("shards")
    with ReplicatedClickHouse(folder, cache_dir, zookeeper_classes, shards=2) as shards:
        yield shards


@pytest.fixture
def shards_url(shared_shards: ReplicatedClickHouse) -> Iterator[str]:
    """URL of a database that is on none of the shared shards yet, and of their cluster."""
    shared_shards.ensure_running()
    database = f"test_{next(_numbers)}"
    yield of_cluster(shared_shards.url(database), CLUSTER, "0")
    shared_shards.ensure_running()
    shared_shards.drop(database)


@pytest.fixture
def redis7_server(tmp_path: Path) -> Iterator[Callable[[], servers.RedisServer]]:
    """A function that starts Debian's Redis 7.0, the oldest that is served."""
    binary = servers.redis_server_7() or missing("redis-server")
    with ExitStack() as started:
        folders = (tmp_path / f"redis-{number}" for number in itertools.count())
        yield lambda: started.enter_context(servers.RedisServer(next(folders), binary))


@pytest.fixture(params=["valkey", "redis7"])
def any_redis_server(request: pytest.FixtureRequest) -> Callable[[], servers.RedisServer]:
    """A factory of stores of this test's own; the test runs on Valkey and on Redis 7.0."""
    factory: Callable[[], servers.RedisServer] = request.getfixturevalue(f"{request.param}_server")
    return factory


@pytest.fixture(params=["valkey", "redis7"])
def watched(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SentinelWatched]:
    """A master and two replicas that three Sentinels watch, of Valkey and of Redis 7.0."""
    is_valkey = request.param == "valkey"
    binary = None if is_valkey else servers.redis_server_7() or missing("redis-server")
    with SentinelWatched(tmp_path / "watched", binary) as started:
        yield started


@pytest.fixture(scope="session")
def country_database(cache_dir: Path) -> Path:
    """The .mmdb that `hopline up` uses."""
    return fetch(COUNTRY_DATABASE, cache_dir)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium for playwright's ``executable_path``."""
    return shutil.which("chromium") or missing("chromium") or ""


@pytest.fixture(scope="session")
def as_root() -> None:
    """For tests that need root."""
    if os.geteuid() != 0:
        missing("root")


_numbers = itertools.count()


def _cache_dir() -> Path:
    return Settings(_env_file=None).cache_dir


def _on_clickhouse(server: servers.ClickHouseServer, statement: str) -> None:
    """Run a statement, on a server started again if the last test made it abort."""
    deadline = time.monotonic() + servers.READY_SECONDS
    while True:
        server.ensure_running()
        try:
            return server.execute(statement)
        except (errors.NetworkError, errors.SocketTimeoutError, OSError, EOFError):
            if time.monotonic() > deadline:
                raise
