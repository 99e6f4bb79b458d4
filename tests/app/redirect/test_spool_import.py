"""What a Redis forgets that just took it is sent to the next one."""

from redis import Redis

from app.clicks.click import new_click_id
from app.config.loading import load
from app.redirect.redis.resp import encode_command
from app.redirect.spool.rows import Row
from app.redirect.spool_import import SpoolImport
from app.stores.shards import SHARD_TAGS
from tests.support.cluster import Cluster
from tests.support.servers import RedisServer


def rows(count: int) -> list[Row]:
    ids = [new_click_id(1_790_000_000_000, number.to_bytes(10, "big")) for number in range(count)]
    head = (b"XADD", b"s", b"*", b"click_id")
    return [(each, encode_command(*head, each.hex().encode())) for each in ids]


def test_clicks_that_went_with_a_restart_are_sent_again(tmp_path, monkeypatch):
    sent = rows(300)
    waits: list[str] = []
    with RedisServer(tmp_path) as redis, Redis.from_url(redis.url) as client:
        monkeypatch.setenv("HOPLINE_REDIS_URL", redis.url)
        importing = SpoolImport(load(), waits.append)
        with importing.running():
            assert importing.send(sent[:200]) == {}
            redis.kill()
            for kept in tmp_path.rglob("appendonly.aof*"):
                kept.unlink()
            redis.start()
            assert client.dbsize() == 0
            assert importing.send(sent[200:]) == {}
            importing.settle()
        found = {fields[b"click_id"] for _, fields in client.xrange("clicks:stream")}
    assert found == {click_id.hex().encode() for click_id, _ in sent}


def test_where_there_are_shards_clicks_go_to_those_alone(redis_url, monkeypatch):
    monkeypatch.setenv("HOPLINE_REDIS_URL", redis_url)
    monkeypatch.setenv("HOPLINE_STREAM_SHARDS", "2")
    importing = SpoolImport(load(), lambda _: None)
    with importing.running():
        assert importing.send(rows(30)) == {}
    with Redis.from_url(redis_url) as client:
        lengths = [client.xlen(f"clicks:stream:{{{tag}}}") for tag in SHARD_TAGS[:2]]
        assert sorted(lengths) == [0, 30]
        assert not client.exists("clicks:stream")


def test_clicks_come_to_the_shards_of_a_cluster(cluster: Cluster, monkeypatch):
    monkeypatch.setenv("HOPLINE_REDIS_URL", cluster.url)
    monkeypatch.setenv("HOPLINE_STREAM_SHARDS", "2")
    importing = SpoolImport(load(), lambda _: None)
    with importing.running():
        assert importing.send(rows(30)) == {}
    streams = [f"clicks:stream:{{{tag}}}" for tag in SHARD_TAGS[:2]]
    assert sorted(cluster.owner(one).call("XLEN", one) for one in streams) == [0, 30]
