import stat
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from redis import AuthenticationError, Redis

from app.local.data_dir import DataDir
from app.local.stores import clickhouse_store, redis_store
from app.processes.child import Child
from app.stores.clickhouse.connection import ClickHouseUnavailable
from app.stores.redis.errors import RedisRefused, RedisUnavailable


@pytest.fixture
def said():
    return []


@pytest.fixture
def data(tmp_path):
    return DataDir(tmp_path / "data")


@pytest.fixture
def path_folder(tmp_path, monkeypatch):
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def library(tmp_path):
    path = tmp_path / "libchdb.so"
    path.touch()
    return path


def put_clickhouse(folder, version):
    binary = folder / "clickhouse"
    binary.write_text(f"#!/bin/sh\necho ClickHouse server version {version}.1.1\n")
    binary.chmod(0o755)
    return binary


@contextmanager
def running(program, folder):
    """A store's program while it runs; yields its port."""
    child = Child(program, folder / "output.log")
    child.spawn()
    try:
        child.wait_until_ready(30)
        yield int(program.argv[program.argv.index("--port") + 1])
    finally:
        child.kill()


def must_not_fetch():
    pytest.fail("the library is not needed")


def test_an_embedded_valkey_is_the_default(make_settings, data):
    store = redis_store(make_settings(), data)
    assert store.program.name == "valkey"
    assert store.program.argv[store.program.argv.index("--port") + 1] in store.url


def test_an_embedded_valkey_refuses_whoever_has_no_password(make_settings, data):
    store = redis_store(make_settings(), data)
    with running(store.program, data.path) as port:
        with Redis(port=port) as stranger, pytest.raises(AuthenticationError):
            stranger.keys("*")
        with Redis.from_url(store.url) as ours:
            assert ours.keys("*") == []


def test_each_run_has_passwords_of_its_own(make_settings, data, path_folder, library, said):
    urls = {redis_store(make_settings(), data).url.partition("@")[0] for _ in range(2)}
    for _ in range(2):
        store = clickhouse_store(make_settings(), data, lambda: library, said.append)
        urls.add(store.url.partition("@")[0])
    assert len(urls) == 4


def test_no_password_stands_where_other_users_see_it(
    make_settings, data, path_folder, library, said
):
    stores = [
        redis_store(make_settings(), data),
        clickhouse_store(make_settings(), data, lambda: library, said.append),
    ]
    put_clickhouse(path_folder, "25.3")
    stores.append(
        clickhouse_store(make_settings(), DataDir(data.path / "b"), must_not_fetch, print)
    )
    for store in stores:
        password = urlsplit(store.url).password
        assert len(password) == 64
        assert password not in " ".join(store.program.argv)
    files = [path for path in data.path.rglob("*") if path.is_file()]
    assert files
    assert [path.name for path in files if stat.S_IMODE(path.stat().st_mode) != 0o600] == []


def test_the_operators_redis_is_used_when_it_is_set(make_settings, data, redis_url):
    store = redis_store(make_settings(redis_url=redis_url), data)
    assert store.url == redis_url
    assert store.program is None


def test_an_operators_redis_that_is_away_is_said(make_settings, data, free_port):
    with pytest.raises(RedisUnavailable):
        redis_store(make_settings(redis_url=f"redis://127.0.0.1:{free_port()}"), data)


def test_an_operators_redis_that_is_too_old_is_refused(make_settings, data, redis_url, monkeypatch):
    monkeypatch.setattr("app.stores.redis.client.MIN_VERSION", (99, 0))
    with pytest.raises(RedisRefused, match="too old"):
        redis_store(make_settings(redis_url=redis_url), data)


def test_an_embedded_clickhouse_is_the_default(make_settings, data, path_folder, library, said):
    store = clickhouse_store(make_settings(), data, lambda: library, said.append)
    assert str(library) in store.program.argv
    assert said == []


def test_the_operators_clickhouse_is_used_when_it_is_set(make_settings, data, clickhouse_url, said):
    settings = make_settings(clickhouse_url=clickhouse_url)
    store = clickhouse_store(settings, data, must_not_fetch, said.append)
    assert store.url == clickhouse_url
    assert store.program is None


def test_an_operators_clickhouse_that_is_away_is_said(make_settings, data, free_port, said):
    settings = make_settings(clickhouse_url=f"clickhouse://127.0.0.1:{free_port()}/hopline")
    with pytest.raises(ClickHouseUnavailable):
        clickhouse_store(settings, data, must_not_fetch, said.append)


@pytest.mark.parametrize("version", ["24.8", "25.3", "100.1"])
def test_a_clickhouse_on_path_is_preferred(make_settings, data, path_folder, said, version):
    binary = put_clickhouse(path_folder, version)
    store = clickhouse_store(make_settings(), data, must_not_fetch, said.append)
    assert store.program.argv[0] == str(binary)
    assert (data.clickhouse_server / "config.xml").exists()
    assert said == []


@pytest.mark.parametrize("version", ["24.7", "18.16", "unknown"])
def test_a_clickhouse_on_path_that_is_too_old_is_said(
    make_settings, data, path_folder, library, said, version
):
    put_clickhouse(path_folder, version)
    store = clickhouse_store(make_settings(), data, lambda: library, said.append)
    assert str(library) in store.program.argv
    assert len(said) == 1
    assert "24.8 or newer is needed, so the embedded one runs" in said[0]


def test_data_stay_with_the_clickhouse_that_wrote_them(
    make_settings, data, path_folder, library, said
):
    clickhouse_store(make_settings(), data, lambda: library, said.append)
    put_clickhouse(path_folder, "25.3")
    store = clickhouse_store(make_settings(), data, lambda: library, said.append)
    assert str(library) in store.program.argv
    assert said == [f"{data.clickhouse} was written by the embedded ClickHouse, which stays in use"]
