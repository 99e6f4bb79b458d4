"""The reference configuration of a cluster's nodes, and that its users' few rights do there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from redis import Redis

from app.config.settings import Settings
from app.config.shards import shards_of
from app.health.redis.cluster import cluster_checks
from app.links.store import open_store
from app.local.valkey import valkey_binary
from app.processes.child import Program
from app.stores.redis.client import connect
from app.stores.redis.cluster import SLOT_COUNT
from app.stores.redis.routing import ClusterClient
from tests.conftest import MakeSettings, missing
from tests.support.deploy.stores import only_users
from tests.support.servers import Server, free_port, redis_server_7

FOLDER = Path(__file__).parents[2] / "deploy" / "redis"
PASSWORD = "for-tests-only"
BINARIES = {"valkey": valkey_binary, "redis7": redis_server_7}


class ConfiguredNode(Server):
    """A node that reads our files, with passwords and ports of the test's, and has all slots."""

    def __init__(self, directory: Path, binary: Path) -> None:
        super().__init__(lambda at, port: _program(binary, at, port), directory)

    def url(self, user: str) -> str:
        return f"redis+cluster://{user}:{PASSWORD}@127.0.0.1:{self.port}"


def _program(binary: Path, directory: Path, port: int) -> Program:
    def ours(name: str) -> str:
        return re.sub(r"CHANGE-ME-\w+", PASSWORD, (FOLDER / name).read_text())

    (directory / "users.acl").write_text(only_users(ours("hopline-users.conf")))
    here = ours("hopline.conf").replace("/etc/redis/hopline-users.acl", f"{directory}/users.acl")
    cluster = ours("hopline-cluster.conf").replace("bind 10.0.0.1 ", "bind ")
    cluster = cluster.replace("10.0.0.1", "127.0.0.1")
    places = f"dir {directory}\nport {port}\ncluster-port {free_port()}\n"
    (directory / "redis.conf").write_text(places + here + cluster)
    argv = (str(binary), str(directory / "redis.conf"))
    return Program("redis", argv, is_ready=lambda: _takes_all_slots(port))


def _takes_all_slots(port: int) -> bool:
    try:
        with Redis(
            port=port, username="operator", password=PASSWORD, decode_responses=True
        ) as client:
            if client.execute_command("CLUSTER INFO")["cluster_slots_assigned"] == "0":
                client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, SLOT_COUNT - 1)
            return bool(client.set("ready", "1"))
    except redis.RedisError:
        return False


@pytest.fixture(params=BINARIES, scope="module")
def node(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ConfiguredNode]:
    binary = BINARIES[request.param]() or missing(request.param)
    with ConfiguredNode(tmp_path_factory.mktemp("node") / "redis", binary) as started:
        yield started


@pytest.fixture
def settings(make_settings: MakeSettings, node: ConfiguredNode) -> Settings:
    return make_settings(redis_url=node.url("hopline"), stream_shards=2)


def test_doctor_finds_nothing_wrong_but_that_there_is_one_node(settings: Settings) -> None:
    with connect(settings.redis_url, timeout_seconds=30) as client:
        assert isinstance(client, ClusterClient)
        for shard in shards_of(settings):
            client.xgroup_create(shard.stream, shard.group, "0", mkstream=True)
        found = list(cluster_checks(client, settings.redis_url, settings))
    assert [check.name for check in found if check.state != "ok"] == ["cluster replicas"]


def test_hoplines_user_may_do_all_with_links(settings: Settings) -> None:
    store = open_store(settings)
    link = store.create({"target": "https://example.com/", "tags": ["a"]})
    assert store.update(link.code, {"disabled": True}).disabled
    assert store.delete(link.code).deleted
    assert store.links.count() == 0


def test_the_redirects_user_may_ask_who_serves_what(node: ConfiguredNode) -> None:
    with connect(node.url("hopline-redirect"), timeout_seconds=30) as client:
        assert isinstance(client, ClusterClient)
        assert client.slots().slot_count == SLOT_COUNT
        assert client.get("link:unknown") is None
