from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter

from app.metrics.exposition import Exposition
from app.metrics.publisher import Publisher, published
from tests.support.worker_processes import wait_until


def _counter() -> tuple[CollectorRegistry, Counter]:
    registry = CollectorRegistry()
    return registry, Counter("hopline_clicks", "Clicks.", registry=registry)


def _scrape(directory: Path) -> bytes:
    return Exposition(directory).render("")[0]


def test_counts_are_shown_within_a_second_and_at_the_end(tmp_path: Path) -> None:
    registry, counter = _counter()
    with published(registry, tmp_path / "new"):
        wait_until(lambda: b"hopline_clicks_total 0.0" in _scrape(tmp_path / "new"))
        counter.inc()
        wait_until(lambda: b"hopline_clicks_total 1.0" in _scrape(tmp_path / "new"))
        counter.inc()
    assert b"hopline_clicks_total 2.0" in _scrape(tmp_path / "new")


def test_a_silent_process_writes_nothing(tmp_path: Path) -> None:
    registry, counter = _counter()
    publisher = Publisher(registry, tmp_path)
    publisher.publish()
    (path,) = tmp_path.iterdir()
    path.unlink()
    publisher.publish()
    assert not path.exists()
    counter.inc()
    publisher.publish()
    assert path.exists()


def test_a_directory_that_cannot_be_written_is_said_once_and_stops_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    in_the_way = tmp_path / "metrics"
    in_the_way.write_text("a file")
    registry, counter = _counter()
    publisher = Publisher(registry, in_the_way)
    publisher.publish()
    publisher.publish()
    assert caplog.text.count("can't show metrics") == 1
    in_the_way.unlink()
    counter.inc()
    publisher.publish()
    assert b"hopline_clicks_total 1.0" in _scrape(in_the_way)
