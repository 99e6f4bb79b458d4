"""A full Redis refuses whatever takes up memory; the workers, who alone empty it, go on."""

import signal

import pytest
from redis import Redis
from redis.exceptions import OutOfMemoryError

from app.clicks.click import MAX_FIELD_BYTES, to_fields
from app.health.worker_status import WorkerStates
from app.stores.keys import visitor_salt_key
from app.stores.redis.client import connect
from tests.support.producers import STREAM, make_click, send, send_clicks
from tests.support.worker_processes import Workers, wait_until
from tests.support.workers.consuming import GROUP, dead_letters, is_idle, malformed

CLICKS = 60
YESTERDAY_SECONDS = 86_400


@pytest.fixture
def full(any_redis_server):
    """A function that fills the server of this test; returns its client."""
    server = any_redis_server()
    with Redis.from_url(server.url) as client:
        yield client, server.url


@pytest.fixture
def full_settings(settings, full):
    return settings.model_copy(update={"redis_url": full[1], "claim_idle_seconds": 2.0})


def fill(client):
    client.config_set("maxmemory", 1)
    with pytest.raises(OutOfMemoryError):
        client.set("any", "thing")


def salts(client):
    return client.keys(visitor_salt_key("*"))


def test_a_consumer_begins_makes_the_salt_of_the_day_and_buries_what_is_bad(
    full, full_settings, consume, count_clicks
):
    client, url = full
    bad = malformed({"timestamp": "-5"})
    send(url, [to_fields(make_click()), bad, to_fields(make_click())])
    fill(client)
    consume(lambda: is_idle(client, 3), settings=full_settings)
    assert count_clicks() == (2, 2)
    assert [reason for _, reason in dead_letters(client)] == [b"bad_timestamp"]
    assert len(salts(client)) == 1


@pytest.mark.parametrize("fault", ["cut", "midnight", "bad entry"])
def test_a_consumer_at_work_goes_on(full, full_settings, consume, count_clicks, fault):
    client, url = full
    first = send_clicks(url, CLICKS)
    late = {"timestamp": first[0].timestamp - YESTERDAY_SECONDS, "click_id": bytes(16)}
    stages = iter(("fault", "wait"))

    def is_done():
        if not is_idle(client, CLICKS):
            return False
        if next(stages, None) == "fault":
            # Memory for what comes next alone; each fault meets a consumer that has worked.
            entries = {
                "cut": [to_fields(make_click())],
                "midnight": [to_fields(make_click(**late))],
                "bad entry": [malformed({"timestamp": "-5"}), to_fields(make_click())],
            }[fault]
            if fault == "cut":
                fill(client)
                client.client_kill_filter(_type="normal")
            client.config_set("maxmemory", 0)
            send(url, entries)
            fill(client)
        return is_idle(client, CLICKS + 1) and next(stages, None) is None

    consume(is_done, settings=full_settings)
    assert count_clicks()[0] == CLICKS + 1
    assert len(salts(client)) == (2 if fault == "midnight" else 1)
    assert len(dead_letters(client)) == (fault == "bad entry")


def test_workers_survive_kills_cuts_and_a_reload(full, full_settings, tmp_path, count_clicks):
    client, url = full
    settings = full_settings.model_copy(update={"consumers": 2})
    with Workers(settings, tmp_path / "workers.log") as workers:
        wait_until(lambda: len(workers.consumers()) == 2 and client.exists(STREAM))
        send_clicks(url, CLICKS)
        bad = malformed({"user_agent": "x" * (MAX_FIELD_BYTES + 1)})
        send(url, [bad, *(to_fields(make_click()) for _ in range(CLICKS))])
        fill(client)
        for fault in ("kill", "cut", "reload"):
            if fault == "kill":
                workers.consumers()[0].kill()
            elif fault == "cut":
                client.client_kill_filter(_type="normal")
            else:
                workers.signal(signal.SIGHUP)
                wait_until(lambda: "reloading" in workers.log)
            client.config_set("maxmemory", 0)
            send_clicks(url, CLICKS)
            fill(client)
        total = 5 * CLICKS + 1
        wait_until(lambda: is_idle(client, total))
        states = WorkerStates(connect(url, timeout_seconds=30), url, STREAM, GROUP)
        wait_until(lambda: [len(one.consumers) for one in states.all()] == [2])
        assert workers.stop() == 0
    assert count_clicks()[0] == 5 * CLICKS
    assert len(dead_letters(client)) == 1
