"""Webhooks by real workers: told by a process of theirs that is killed, frozen and replaced."""

import signal
import time
from typing import Any

import psutil
import pytest
from redis import Redis

from app.config.settings import Settings
from loadtest.common.processes import below
from tests.support.producers import STREAM, send_clicks
from tests.support.receivers import answering, receiver, until_closed
from tests.support.worker_processes import Workers, wait_until
from tests.support.workers.deliverer import add_webhook, clicks_of

GROUP = "analytics-group"


@pytest.fixture
def settings(make_settings: Any, redis_url: str, clickhouse: Any) -> Settings:
    return make_settings(
        redis_url=redis_url,
        clickhouse_url=clickhouse.url("hopline"),
        consumers=1,
        insert_seconds=0.2,
        webhook_allow_private=True,
        webhook_timeout_seconds=5.0,
    )


def deliverers(workers: Workers) -> list[psutil.Process]:
    return below(workers.pid, "hopline: webhooks", recursive=False)


def test_a_deliverer_that_is_killed_in_the_middle_tells_everything_once(
    settings: Settings, tmp_path: Any, redis_url: str
) -> None:
    def slowly(connection: Any) -> None:
        time.sleep(0.05)
        answering()(connection)

    with Workers(settings, tmp_path / "log") as workers, receiver(slowly) as one:
        wait_until(lambda: "ready" in workers.log)
        assert deliverers(workers) == []
        add_webhook(settings, one.url, "click.batch")
        sent = send_clicks(redis_url, 3_000)
        wait_until(lambda: len(one.requests) > 3)
        (first,) = deliverers(workers)
        first.send_signal(signal.SIGKILL)
        sent += send_clicks(redis_url, 500)
        wait_until(lambda: len(clicks_of(one)) >= 3_500)
        assert sorted(clicks_of(one)) == sorted(click.click_id.hex() for click in sent)
        by_id = {request.id: request.body for request in one.requests}
        assert all(by_id[request.id] == request.body for request in one.requests)
        assert workers.stop() == 0
        assert not first.is_running()


def test_a_receiver_that_hangs_holds_up_neither_clicks_nor_trimming_nor_the_end(
    settings: Settings, make_settings: Any, tmp_path: Any, redis_url: str
) -> None:
    settings = make_settings(**settings.model_dump(exclude_unset=True), replay_horizon_seconds=1.0)
    with (
        Workers(settings, tmp_path / "log") as workers,
        receiver(until_closed) as one,
        Redis.from_url(redis_url) as redis,
    ):
        add_webhook(settings, one.url, "click.batch")
        send_clicks(redis_url, 1_000)
        wait_until(lambda: one.requests)
        wait_until(lambda: redis.xlen(STREAM) == 0)
        (deliverer,) = deliverers(workers)
        deliverer.send_signal(signal.SIGSTOP)
        send_clicks(redis_url, 1_000)
        wait_until(lambda: redis.xlen(STREAM) == 0)
        deliverer.send_signal(signal.SIGCONT)
        ledger = redis.hgetall(f"{{{STREAM}}}:{GROUP}:ledger")
        assert int(ledger[b"inserted"]) == 2_000
        assert workers.stop() == 0
