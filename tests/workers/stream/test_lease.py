import time
from dataclasses import replace

import pytest
from redis import Redis

from app.local.valkey import valkey_binary, valkey_program, valkey_url
from app.stores.keys import batch_entries_key, batches_key, leases_key
from tests.chaos.testbed.warp import Warp
from tests.support.producers import STREAM, send
from tests.support.servers import MAXMEMORY_BYTES, Server
from workers.stream.lease import BatchRecord, Fenced

GROUP = "analytics-group"


@pytest.fixture
def server(any_redis_server):
    return any_redis_server()


@pytest.fixture
def redis(server):
    with Redis.from_url(server.url) as client:
        yield client


def batch(fence, *entry_ids: bytes, tries: int = 0) -> BatchRecord:
    return BatchRecord(fence.name("token"), tries, list(entry_ids))


def test_a_lease_is_renewed_when_it_is_due(server, redis, open_fence):
    now = [0.0]
    fence = open_fence(server.url, lease_seconds=8.0, clock=lambda: now[0])
    assert not fence.is_held()
    fence.keep()
    assert fence.is_held()
    redis.delete(leases_key(STREAM, GROUP))
    now[0] = 1.9
    fence.keep()
    now[0] = 2.0
    with pytest.raises(Fenced):
        fence.keep()
    now[0] = 8.0
    assert not fence.is_held()


def test_nothing_begins_without_a_lease(server, redis, open_fence):
    fence = open_fence(server.url)
    with pytest.raises(Fenced):
        fence.begin(batch(fence, b"1-0"))
    assert not redis.exists(batches_key(STREAM, GROUP))


def test_a_batch_is_written_down_until_it_is_acked(server, redis, open_fence, open_stream):
    sent = send(server.url, [{"number": "1"}] * 1200)
    stream, fence = open_stream(server.url), open_fence(server.url)
    stream.ensure_group()
    stream.read(1200, 100, lambda: False)
    fence.keep()
    record = batch(fence, *sent)
    for _ in range(2):
        fence.begin(record)
        assert fence.unfinished() == record
    for _ in range(2):
        fence.commit(record)
        assert fence.unfinished() is None
    assert redis.xpending(STREAM, GROUP)["pending"] == 0
    assert not redis.exists(batches_key(STREAM, GROUP), batch_entries_key(STREAM, GROUP))


def test_a_part_takes_the_place_of_the_whole(server, open_fence):
    fence = open_fence(server.url)
    fence.keep()
    whole = batch(fence, b"1-0", b"2-0")
    part = BatchRecord(fence.name("part"), 0, [b"1-0"])
    fence.begin(whole)
    fence.begin(part, whole.name)
    assert fence.unfinished() == part
    fence.forget(part)
    assert fence.unfinished() is None


def test_two_consumers_may_hold_the_same_clicks(server, open_fence):
    one, other = open_fence(server.url, "one"), open_fence(server.url, "other")
    for fence, entry_id in ((one, b"1-0"), (other, b"2-0")):
        fence.keep()
        fence.begin(batch(fence, entry_id))
    one.forget(batch(one))
    assert one.unfinished() is None
    assert other.unfinished() == batch(other, b"2-0")


def test_a_batch_of_the_dead_belongs_to_the_claimant_alone(server, redis, open_fence, open_stream):
    (sent,) = send(server.url, [{"number": "1"}])
    slow, claimant = open_fence(server.url, "slow"), open_fence(server.url, "claimant")
    stream = open_stream(server.url, "slow")
    stream.ensure_group()
    stream.read(10, 100, lambda: False)
    slow.keep()
    slow.begin(batch(slow, sent))
    claimant.keep()
    assert open_stream(server.url, "claimant").claim_consumers(["slow"], 60_000) == ["slow"]
    assert claimant.unfinished() == batch(slow, sent, tries=1)
    slow.commit(batch(slow, sent))
    assert redis.xpending(STREAM, GROUP)["pending"] == 1
    for step in (slow.begin, lambda record: slow.keep() or slow.begin(record)):
        with pytest.raises(Fenced):
            step(batch(slow, sent))
    claimant.commit(batch(slow, sent))
    assert redis.xpending(STREAM, GROUP)["pending"] == 0
    assert open_stream(server.url, "claimant").forget("slow")


def test_it_goes_on_while_redis_is_full(server, redis, open_fence):
    redis.config_set("maxmemory", 1)
    try:
        fence = open_fence(server.url)
        fence.keep()
        fence.begin(batch(fence, b"1-0"))
        fence.forget(batch(fence, b"1-0"))
    finally:
        redis.config_set("maxmemory", 0)


def test_who_read_last_when_the_clock_was_ahead_has_a_claimant_all_the_same(
    tmp_path, open_fence, open_stream
):
    """It has lost its lease, and can do nothing; Redis calls it busy until the clock is there.

    Redis before 7.2 doesn't tell: there the claimant waits until then.
    """
    warp = Warp(tmp_path)

    def program(directory, port):
        made = valkey_program(valkey_binary(), directory, port, MAXMEMORY_BYTES)
        return replace(made, environ={**made.environ, **warp.environ})

    with Server(program, tmp_path / "redis") as server, Redis(port=server.port) as client:
        url = valkey_url(server.port)
        send(url, [{"number": "1"}])
        open_stream(url, "claimant").ensure_group()
        warp.set_clock(3600)
        client.xreadgroup(GROUP, "dead", {STREAM: ">"})
        warp.set_clock(0)
        open_fence(url, "claimant").keep()
        time.sleep(0.05)
        assert open_stream(url, "claimant").claim_consumers([], 20) == ["dead"]
