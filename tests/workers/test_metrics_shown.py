"""The workers' metrics: from the supervisor and all consumers, whatever happens to them."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import MakeSettings
from tests.support.metrics_scraper import Scraper
from tests.support.producers import send_clicks
from tests.support.worker_processes import Workers, wait_until


class Shown(Workers):
    """Workers and what they show."""

    metrics: Scraper

    def inserts(self, rows: int) -> None:
        wait_until(lambda: self.metrics.sum("hopline_rows_inserted_total") >= rows)


@pytest.fixture
def workers(
    make_settings: MakeSettings,
    redis_url: str,
    clicks_url: str,
    free_port: Callable[[], int],
    tmp_path: Path,
) -> Iterator[Shown]:
    port = free_port()
    settings = make_settings(
        redis_url=redis_url,
        clickhouse_url=clicks_url,
        consumers=2,
        insert_seconds=0.2,
        claim_idle_seconds=1.0,
        workers_metrics_bind=f"127.0.0.1:{port}",
        data_dir=tmp_path / "data",
    )
    with Shown(settings, tmp_path / "workers.log") as workers:
        workers.metrics = Scraper(port)
        wait_until(lambda: workers.log.count("reads from") >= 2)
        yield workers


def test_supervisor_consumers_and_stores_are_shown_together(workers: Shown, redis_url: str) -> None:
    send_clicks(redis_url, 300)
    workers.inserts(300)
    seen = workers.metrics.sum
    assert seen("hopline_entries_read_total") == 300
    wait_until(lambda: seen("hopline_consumers_working") == 2)
    wait_until(lambda: seen("hopline_oldest_entry_seconds") == 0)
    assert seen("hopline_stream_entries") == 300
    assert seen("hopline_redis_up") == 1


def test_no_counter_goes_back_when_consumers_are_killed_and_reloaded(
    workers: Shown, redis_url: str
) -> None:
    send_clicks(redis_url, 100)
    workers.inserts(100)
    for consumer in workers.consumers():
        consumer.kill()
        workers.metrics.scrape()
    wait_until(lambda: workers.log.count("reads from") >= 4)
    wait_until(lambda: workers.metrics.sum("hopline_consumer_restarts_total") == 2)
    before = {process.pid for process in workers.consumers()}
    workers.signal(signal.SIGHUP)
    wait_until(
        lambda: (
            workers.metrics.scrape()
            and not before & {process.pid for process in workers.consumers()}
        )
    )
    send_clicks(redis_url, 100)
    workers.inserts(200)
    assert workers.stop() == 0


def test_the_last_counts_of_a_drained_consumer_are_kept(workers: Shown, redis_url: str) -> None:
    """A consumer that is told to end shows what it counted in its last moments."""
    send_clicks(redis_url, 500)
    workers.consumers()[0].terminate()
    wait_until(lambda: workers.log.count("reads from") >= 3)
    workers.inserts(500)
    assert workers.metrics.sum("hopline_entries_read_total") >= 500
