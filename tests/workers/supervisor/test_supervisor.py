import signal
import time

import psutil
import pytest

from tests.support.producers import STREAM, send_clicks
from tests.support.worker_processes import Workers, wait_until

GROUP = "analytics-group"


@pytest.fixture
def settings(make_settings, redis_url, clicks_url):
    return make_settings(
        redis_url=redis_url,
        clickhouse_url=clicks_url,
        consumers=2,
        insert_seconds=0.2,
        claim_idle_seconds=1.0,
    )


@pytest.fixture
def workers(settings, tmp_path):
    with Workers(settings, tmp_path / "workers.log") as started:
        wait_until(lambda: started.log.count("reads from") >= 2)
        yield started


def gone(processes: list[psutil.Process]) -> bool:
    return not psutil.wait_procs(processes, timeout=0)[1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_and_ends_well(workers, redis_url, redis, count_clicks, number):
    consumers = workers.consumers()
    send_clicks(redis_url, 500)
    wait_until(lambda: [group["lag"] for group in redis.xinfo_groups(STREAM)] == [0])
    assert workers.stop(number) == 0
    assert gone(consumers)
    assert count_clicks() == (500, 500)
    assert redis.xpending(STREAM, GROUP)["pending"] == 0
    assert "Traceback" not in workers.log


def test_a_killed_consumer_is_replaced(workers):
    first, second = workers.consumers()
    first.kill()
    wait_until(lambda: workers.log.count("reads from") >= 3)
    alive = {process.pid for process in workers.consumers()}
    assert second.pid in alive
    assert len(alive) == 2
    assert "was killed with SIGKILL" in workers.log
    assert workers.stop() == 0


def test_a_consumer_that_was_told_to_end_is_replaced_too(workers):
    workers.consumers()[0].terminate()
    wait_until(lambda: workers.log.count("reads from") >= 3)
    assert workers.stop() == 0


def test_a_consumer_that_does_not_drain_is_killed(workers):
    stuck = workers.consumers()
    stuck[0].suspend()
    workers.signal(signal.SIGTERM)
    wait_until(lambda: gone(stuck[1:]))
    workers.signal(signal.SIGTERM)
    assert workers.wait() == 1
    assert gone(stuck)
    assert "killing process" in workers.log


def test_the_deadline_of_a_drain_holds(settings, tmp_path):
    impatient = settings.model_copy(update={"consumers": 1, "drain_seconds": 0.5})
    with Workers(impatient, tmp_path / "workers.log") as workers:
        wait_until(lambda: "reads from" in workers.log)
        (stuck,) = workers.consumers()
        stuck.suspend()
        assert workers.stop() == 1
        assert "killing process" in workers.log
        assert gone([stuck])


def test_consumers_end_with_a_killed_supervisor(workers, redis_url, count_clicks):
    consumers = workers.consumers()
    send_clicks(redis_url, 100)
    workers.signal(signal.SIGKILL)
    workers.wait()
    wait_until(lambda: gone(consumers))
    assert workers.log.count("drained") == 2


def test_a_stopped_consumer_does_not_outlive_its_killed_supervisor(workers):
    consumers = workers.consumers()
    consumers[0].suspend()
    workers.signal(signal.SIGKILL)
    workers.wait()
    wait_until(lambda: gone(consumers))
    assert "Traceback" not in workers.log


def test_a_consumer_that_was_stopped_goes_on_when_it_is_continued(workers, redis_url, count_clicks):
    consumers = workers.consumers()
    for consumer in consumers:
        consumer.suspend()
    for consumer in consumers:
        consumer.resume()
    send_clicks(redis_url, 100)
    wait_until(lambda: count_clicks() == (100, 100))
    assert workers.consumers() == consumers


def test_every_process_says_what_it_is(workers):
    assert psutil.Process(workers.pid).cmdline()[0].startswith("hopline: workers")
    names = {process.cmdline()[0] for process in workers.consumers()}
    assert len(names) == 2


def test_a_consumer_begins_with_little_memory(workers):
    wait_until(lambda: "ready" in workers.log)
    # 100 MB with clickhouse-driver's table of all days and the patterns of devices.
    assert all(consumer.memory_info().rss < 85e6 for consumer in workers.consumers())


def test_consumers_that_can_not_begin_stop_it_all(settings, tmp_path):
    database = tmp_path / "country.mmdb"
    database.write_text("not a database")
    broken = settings.model_copy(update={"geoip_path": (database,)})
    with Workers(broken, tmp_path / "workers.log") as workers:
        assert workers.wait() == 1
        assert "can't begin: place database" in workers.log


def test_absent_stores_are_waited_for(make_settings, free_port, tmp_path):
    settings = make_settings(
        redis_url=f"redis://127.0.0.1:{free_port()}",
        clickhouse_url=f"clickhouse://127.0.0.1:{free_port()}/hopline",
        consumers=1,
        drain_seconds=40.0,
    )
    with Workers(settings, tmp_path / "workers.log") as workers:
        wait_until(lambda: "waiting for it" in workers.log)
        wait_until(lambda: "going on in" in workers.log)
        assert len(workers.consumers()) == 1
        started = time.monotonic()
        assert workers.stop() == 0
        assert time.monotonic() - started < settings.drain_seconds
