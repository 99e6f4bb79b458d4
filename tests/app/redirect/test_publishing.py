from pathlib import Path

from prometheus_client import CollectorRegistry, Counter

from app.exposure.exposition import Exposition
from app.redirect.publishing import Publishing


def test_what_was_counted_last_is_shown_at_the_end(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    counter = Counter("hopline_clicks", "Clicks.", registry=registry)
    publishing = Publishing(registry, tmp_path)
    publishing.start()
    counter.inc()
    publishing.close()
    assert b"hopline_clicks_total 1.0" in Exposition(tmp_path).render("")[0]
