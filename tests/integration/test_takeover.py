"""Real consumers that sleep or die at the worst moments; others finish what they began."""

import signal

import pytest
from redis import Redis

from app.local.clickhouse import clickhouse_url
from app.local.valkey import valkey_url
from app.stores.clickhouse.connection import ClickHouseError, connect, translated
from tests.support.producers import STREAM, make_click, send, send_clicks, to_fields
from tests.support.tcp_proxy import HoldingProxy
from tests.support.worker_processes import Workers, wait_until
from tests.support.workers.poisoned_workers import DEADLY

CLICKS = 1_000
GROUP = "analytics-group"

#: Where a consumer is held: the store that it talks to, and what it says there.
POINTS = {
    "before begin": ("valkey", b"Record a batch"),
    "between begin and insert": ("clickhouse", b"INSERT INTO clicks"),
    "between insert and ack": ("valkey", b"Ack entries of a batch"),
}


@pytest.fixture
def settings(make_settings, valkey, clickhouse):
    return make_settings(
        redis_url=valkey.url,
        clickhouse_url=clickhouse.url("hopline"),
        consumers=1,
        insert_seconds=0.2,
        clickhouse_timeout_seconds=10,
        claim_idle_seconds=1.0,
    )


@pytest.fixture
def stored(clickhouse):
    """A function that returns how many distinct clicks are stored, and in how many rows."""

    def count() -> tuple[int, int]:
        url = clickhouse.url("hopline")
        try:
            with translated(url), connect(url, timeout_seconds=30) as client:
                return client.execute("SELECT uniqExact(click_id), count() FROM clicks")[0]
        except ClickHouseError:
            clickhouse.ensure_running()
            return (-1, -1)

    return count


@pytest.fixture
def is_all_acked(valkey):
    def is_all_acked() -> bool:
        with Redis.from_url(valkey.url) as client:
            group = client.xinfo_groups(STREAM)[0]
            return not group["pending"] and not group["lag"]

    return is_all_acked


@pytest.fixture(params=POINTS)
def held(request, settings, valkey, clickhouse, tmp_path):
    """Workers whose one consumer is held at a point of its cycle, and the proxy that holds it."""
    store, marker = POINTS[request.param]
    server = valkey if store == "valkey" else clickhouse
    with HoldingProxy(server.port, marker) as proxy:
        url = (
            {"redis_url": valkey_url(proxy.port)}
            if server is valkey
            else {"clickhouse_url": clickhouse_url(proxy.port, "hopline")}
        )
        through_proxy = settings.model_copy(update=url)
        with Workers(through_proxy, tmp_path / "held.log") as workers:
            wait_until(lambda: "reads from" in workers.log)
            send_clicks(valkey.url, CLICKS)
            assert proxy.held.wait(30)
            yield workers, proxy


def test_a_consumer_that_slept_does_no_harm_when_it_wakes(
    held, settings, tmp_path, stored, is_all_acked
):
    workers, proxy = held
    (sleeper,) = workers.consumers()
    sleeper.suspend()
    with Workers(settings, tmp_path / "others.log") as others:
        wait_until(lambda: stored()[0] == CLICKS and is_all_acked())
        proxy.released.set()
        sleeper.resume()
        wait_until(lambda: "was taken for dead" in workers.log)
        wait_until(lambda: workers.log.count("reads from") >= 2)
        assert others.stop() == 0
    assert workers.stop() == 0
    assert stored() == (CLICKS, CLICKS)
    assert is_all_acked()


def test_a_killed_consumer_leaves_no_doubles(held, stored, is_all_acked):
    workers, proxy = held
    workers.consumers()[0].kill()
    proxy.released.set()
    wait_until(lambda: stored()[0] == CLICKS and is_all_acked())
    assert workers.stop() == 0
    assert stored() == (CLICKS, CLICKS)


def test_consumers_keep_their_entries_while_clickhouse_is_away(
    settings, valkey, clickhouse, tmp_path, stored, is_all_acked
):
    two = settings.model_copy(update={"consumers": 2})
    with Workers(two, tmp_path / "workers.log") as workers:
        wait_until(lambda: workers.log.count("reads from") >= 2)
        clickhouse.kill()
        send_clicks(valkey.url, CLICKS)
        wait_until(lambda: workers.log.count("wait to be inserted") > 8)
        clickhouse.start()
        wait_until(lambda: stored()[0] == CLICKS and is_all_acked())
        assert workers.stop() == 0
        assert "taken for dead" not in workers.log
    assert stored() == (CLICKS, CLICKS)


def test_a_click_that_kills_is_found_and_dead_lettered(
    settings, valkey, tmp_path, stored, is_all_acked
):
    several = settings.model_copy(update={"consumers": 4})
    with Workers(
        several, tmp_path / "workers.log", "tests.support.workers.poisoned_workers"
    ) as workers:
        wait_until(lambda: workers.log.count("reads from") >= 4)
        send_clicks(valkey.url, CLICKS // 2)
        (deadly,) = send(valkey.url, [to_fields(make_click(user_agent=DEADLY))])
        send_clicks(valkey.url, CLICKS // 2)
        wait_until(lambda: stored()[0] == CLICKS and is_all_acked(), 60)
        assert workers.stop(signal.SIGTERM) == 0
    with Redis.from_url(valkey.url) as client:
        ((_, letter),) = client.xrange("clicks:dead")
    assert (letter[b"entry_id"], letter[b"reason"]) == (deadly, b"killed_consumer")
    assert letter[b"field:user_agent"] == DEADLY.encode()
    assert stored() == (CLICKS, CLICKS)
