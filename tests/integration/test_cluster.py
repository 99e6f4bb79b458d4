"""Workers on a real cluster: its primaries are killed and its slots moved while clicks come."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis, RedisError

from app.audit.factory import open_entries
from app.clicks.click import Click, to_fields
from app.config.settings import Settings
from app.config.shards import written_shards
from app.health.redis.shards import shard_checks
from app.links.store import open_store
from app.local.valkey import valkey_binary
from app.stores.clickhouse.connection import connect as connect_clickhouse
from app.stores.redis.calls import caller
from app.stores.redis.client import connect
from app.stores.redis.cluster import SLOT_COUNT, slot_of
from tests.support.cluster import Cluster, ClusterNode
from tests.support.producers import make_click, send_clicks
from tests.support.worker_processes import Workers, wait_until

NODE_TIMEOUT_MS = 2_000
RATE_PER_SECOND = 100


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three primaries with a replica each, for all tests here, which mend what they break."""
    folder = tmp_path_factory.mktemp("cluster")
    with Cluster(folder, replicas=3, node_timeout_ms=NODE_TIMEOUT_MS) as started:
        yield started


@pytest.fixture
def settings(make_settings, cluster, migrated_url) -> Settings:
    cluster.empty()
    return make_settings(
        redis_url=cluster.url,
        clickhouse_url=migrated_url,
        stream_shards=3,
        consumers=4,
        insert_seconds=0.2,
        claim_idle_seconds=20,
    )


@pytest.fixture
def workers(settings: Settings, tmp_path: Path) -> Iterator[Workers]:
    with Workers(settings, tmp_path / "workers.log") as started:
        wait_until(lambda: started.log.count("reads from") == settings.consumers)
        yield started
        assert started.stop() == 0, started.log


@pytest.fixture
def stored(settings: Settings) -> Callable[[], list[tuple[str, int]]]:
    """A function that returns the short codes of stored clicks, and how many there are of each."""
    return lambda: stored_in(settings.clickhouse_url)


def stored_in(url: str) -> list[tuple[str, int]]:
    with connect_clickhouse(url, timeout_seconds=30) as client:
        query = "SELECT short_code, uniqExact(click_id) FROM clicks GROUP BY 1 ORDER BY 1"
        return client.execute(query)


class Producer:
    """Sends clicks to a stream until told to stop, each again until it is confirmed."""

    def __init__(self, url: str, stream: str, code: str) -> None:
        self.sent = 0
        self._client = connect(url, timeout_seconds=1)
        self._stream = stream
        self._code = code
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    @contextmanager
    def running(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._over.set()
            self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(1 / RATE_PER_SECOND):
            send(self._client, self._stream, make_click(short_code=self._code))
            self.sent += 1


def send(client: Redis, stream: str, click: Click) -> None:
    while True:
        try:
            client.xadd(stream, to_fields(click))
        except RedisError:
            time.sleep(0.05)
        else:
            return


def test_a_primary_that_is_killed_takes_nothing_with_it_and_keeps_no_other_shard_waiting(
    cluster, settings, workers, stored
):
    streams = {f"shard{n}": one.stream for n, one in enumerate(written_shards(settings))}
    victim = cluster.owner(streams["shard1"])
    producers = {
        code: Producer(settings.redis_url, stream, code) for code, stream in streams.items()
    }
    pids = {one.pid for one in workers.consumers()}
    with (
        producers["shard0"].running(),
        producers["shard1"].running(),
        producers["shard2"].running(),
    ):
        wait_until(lambda: len(stored()) == 3)
        replica = cluster.replica_of(victim)
        victim.kill()
        others = [code for code, stream in streams.items() if cluster.owner(stream) is not victim]
        so_far = producers[others[0]].sent
        wait_until(lambda: dict(stored())[others[0]] > so_far)
        cluster.wait_for_primary(replica)
        promoted_at = producers["shard1"].sent
        wait_until(lambda: dict(stored())["shard1"] > promoted_at)
    wait_until(lambda: dict(stored()) == {code: one.sent for code, one in producers.items()})
    assert {one.pid for one in workers.consumers()} == pids
    victim.start()
    cluster.wait_until_whole()


def switch(cluster: Cluster, slot: int, _: ClusterNode) -> None:
    """Have the primary of a slot and its replica change places."""
    cluster.fail_over(cluster.owner(slot))


@pytest.mark.parametrize("move", [Cluster.move_slot, Cluster.move_slot_at_once, switch])
def test_a_slot_with_many_entries_moves_away_and_back_under_a_consumer_that_waits(
    cluster, settings, workers, stored, move
):
    (shard, *_) = written_shards(settings)
    source, slot = cluster.owner(shard.stream), slot_of(shard.stream)
    target = next(node for node in cluster.primaries() if node is not source)
    with connect(settings.redis_url, timeout_seconds=30) as client:
        for _ in range(20):
            pipeline = client.pipeline(transaction=False)
            for _ in range(500):
                pipeline.xadd(shard.stream, to_fields(make_click(short_code="before")))
            pipeline.execute()
    wait_until(lambda: dict(stored()) == {"before": 10_000})
    pids = {one.pid for one in workers.consumers()}
    producer = Producer(settings.redis_url, shard.stream, "meanwhile")
    with producer.running():
        for to in (target, source):
            move(cluster, slot, to)
            so_far = producer.sent
            wait_until(lambda so_far=so_far: dict(stored()).get("meanwhile", 0) > so_far)
    wait_until(lambda: dict(stored()) == {"before": 10_000, "meanwhile": producer.sent})
    assert {one.pid for one in workers.consumers()} == pids


def test_shards_are_added_on_a_cluster_and_left_again(cluster, settings, tmp_path, stored):
    """From one shard, whose name has a tag here as well, to three and back."""
    one = settings.model_copy(update={"stream_shards": 1, "consumers": 2})
    former = ("clicks:stream", *(shard.stream for shard in written_shards(settings)))
    with connect(settings.redis_url, timeout_seconds=30) as client:
        for number, (of_workers, streams) in enumerate(
            [(one, former[:2]), (settings, former), (one, former[:2])]
        ):
            with Workers(of_workers, tmp_path / f"workers-{number}.log") as workers:
                for stream in streams:
                    send(client, stream, make_click(short_code=f"round{number}"))
                wait_until(lambda n=number, all_=streams: (f"round{n}", len(all_)) in stored())
                assert workers.stop() == 0, workers.log
        checks = {check.name: check for check in shard_checks(client, settings.redis_url, settings)}
        assert "3 are written, and clicks:stream is read, too" in checks["shards"].text
        call = caller(client, settings.redis_url, 30)
        counted, _ = open_entries(settings, call).check()
        assert (counted.inserted, counted.pending, counted.unread) == (8, 0, 0)


def test_one_redis_becomes_the_first_node_and_nothing_has_to_be_copied(
    make_settings, migrated_url, valkey_server, tmp_path
):
    """The steps of docs/cluster.md; redis-cli --cluster fix gives out slots as is done here."""
    server = valkey_server()
    single = make_settings(redis_url=server.url, clickhouse_url=migrated_url)
    link = open_store(single).create({"target": "https://example.com/", "tags": ["a"]})
    send_clicks(server.url, 100)
    server.stop()
    node = ClusterNode(tmp_path / "node", valkey_binary(), NODE_TIMEOUT_MS)
    shutil.copytree(server.directory / "appendonlydir", node.directory / "appendonlydir")
    with node:
        taken = {slot for each in node.view() for slot in range(each.first, each.last + 1)}
        assert slot_of("clicks:stream") in taken
        node.call("CLUSTER", "ADDSLOTS", *(set(range(SLOT_COUNT)) - taken))
        wait_until(lambda: "cluster_state:ok" in node.call("CLUSTER", "INFO"))
        url = f"redis+cluster://127.0.0.1:{node.port}"
        settings = single.model_copy(
            update={"redis_url": url, "stream_shards": 2, "consumers": 3, "insert_seconds": 0.2}
        )
        assert open_store(settings).get(link.code) == link
        with Workers(settings, tmp_path / "workers.log") as workers:
            wait_until(lambda: sum(count for _, count in stored_in(migrated_url)) == 100)
            assert workers.stop() == 0, workers.log
