import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from app.local.valkey import valkey_binary
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisUnavailable, translated
from app.stores.redis.loading import Loading, ask_loading
from tests.support.servers import RedisServer
from tests.support.worker_processes import wait_until

#: Microseconds a key: far longer than any test takes for all of them. It answers every two keys.
_SLOWLY = ("--key-load-delay", "100000", "--loading-process-events-interval-bytes", "1024")


@pytest.fixture
def loading_url(valkey_server: Callable[[], RedisServer], free_port) -> Iterator[str]:
    """A server that loads its data, and goes on doing so."""
    server = valkey_server()
    with Redis(port=server.port) as client:
        # Else a hundred keys lie between two answers.
        client.config_set("rdbcompression", "no")
        client.mset({f"key-{number}": "x" * 500 for number in range(2000)})
        client.save()
    server.stop()
    (dump,) = Path(server.directory).glob("*.rdb")
    port = free_port()
    options = ("--port", str(port), "--dir", str(dump.parent), "--dbfilename", dump.name)
    process = subprocess.Popen([valkey_binary(), *options, *_SLOWLY], stdout=subprocess.DEVNULL)
    yield f"redis://127.0.0.1:{port}/0"
    process.kill()
    process.wait()


def test_a_server_that_loads_its_data_says_how_far_it_is(loading_url: str) -> None:
    found: list[Loading] = []

    def has_come_closer() -> bool:
        loading = ask_loading(loading_url, timeout_seconds=5)
        if loading is not None:
            found.append(loading)
        return bool(found) and found[-1].loaded_bytes > found[0].loaded_bytes

    wait_until(has_come_closer)
    assert found[-1].server == "Valkey"
    assert 0 < found[-1].percent < 100
    assert str(found[-1]).startswith("Valkey is loading its data, ")
    with (
        pytest.raises(RedisUnavailable, match=r"^Redis at 127\.0\.0\.1:\d+ is loading its data$"),
        translated(loading_url),
        connect(loading_url, timeout_seconds=5) as client,
    ):
        client.get("key-1")


def test_one_that_has_loaded_all_or_is_not_there_says_nothing(redis_url: str, free_port) -> None:
    assert ask_loading(redis_url, timeout_seconds=5) is None
    assert ask_loading(f"redis://127.0.0.1:{free_port()}/0", timeout_seconds=5) is None


@pytest.mark.parametrize(
    ("info", "text"),
    [
        ({"loading": 0}, "None"),
        (
            {"loading": 1, "loading_loaded_perc": 40.4, "loading_eta_seconds": 12},
            "Redis is loading its data, 40 %, about 12 s left",
        ),
        # Of an append-only file some versions don't know how long it is.
        ({"loading": 1, "valkey_version": "9.1.0"}, "Valkey is loading its data, 0 %"),
    ],
)
def test_info_is_read(info: dict[str, object], text: str) -> None:
    assert str(Loading.of(info)) == text
