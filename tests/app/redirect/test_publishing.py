from pathlib import Path

import gevent
import pytest
from prometheus_client import CollectorRegistry, Counter

from app.metrics.exposition import Exposition
from app.metrics.publisher import Publisher
from app.redirect.publishing import Publishing
from tests.support.redirect.faults import failing_once


def failure_counter() -> Counter:
    return Counter("hopline_chore_failures", "Failures.", ["chore"], registry=CollectorRegistry())


def test_what_was_counted_last_is_shown_at_the_end(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    counter = Counter("hopline_clicks", "Clicks.", registry=registry)
    publishing = Publishing(registry, tmp_path, failure_counter())
    publishing.start()
    counter.inc()
    publishing.close()
    assert b"hopline_clicks_total 1.0" in Exposition(tmp_path).render("")[0]


def test_a_fault_of_ours_ends_no_publishing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[object] = []
    monkeypatch.setattr(Publisher, "write", failing_once(lambda *_: written.append(1)))
    failures = failure_counter()
    publishing = Publishing(CollectorRegistry(), tmp_path, failures)
    publishing.start()
    with gevent.Timeout(10):
        while not written:
            gevent.sleep(0.01)
    publishing.close()
    assert failures.labels("publishing")._value.get() == 1
