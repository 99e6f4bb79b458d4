import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as prometheus_text

from app.metrics.aggregation import replace_file
from app.metrics.exposition import Exposition
from app.metrics.process_identity import process_name
from app.metrics.publisher import Publisher
from app.metrics.snapshot import encode, take
from app.metrics.types import Gauge


class Counted:
    """What a process counts in these tests."""

    def __init__(self, count: int, depth: int = 0) -> None:
        self.registry = CollectorRegistry()
        self.clicks = Counter("hopline_clicks", "Clicks.", registry=self.registry)
        self.clicks.inc(count)
        Gauge("hopline_depth", "Depth.", registry=self.registry).set(depth)
        Histogram("hopline_seconds", "Time.", buckets=[0.05], registry=self.registry).observe(0.01)


def _dead_name() -> str:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        return process_name(process.pid)


def _leave(directory: Path, name: str, count: int) -> Path:
    path = directory / f"{name}.json"
    replace_file(path, encode(take(Counted(count, depth=5).registry)))
    return path


def _scrape(directory: Path) -> dict[str, float]:
    text, _ = Exposition(directory).render("")
    return {
        sample.name: sample.value
        for family in prometheus_text(text.decode())
        for sample in family.samples
    }


def test_the_dead_keep_their_counts_and_lose_their_gauges(tmp_path: Path) -> None:
    Publisher(Counted(3, depth=2).registry, tmp_path).publish()
    dead = _leave(tmp_path, _dead_name(), 4)
    assert _scrape(tmp_path)["hopline_clicks_total"] == 7
    assert _scrape(tmp_path)["hopline_depth"] == 2
    assert not dead.exists()


def test_a_dead_process_is_counted_once_however_folding_is_interrupted(tmp_path: Path) -> None:
    name = _dead_name()
    _leave(tmp_path, name, 4)
    first = _scrape(tmp_path)
    # As if it had been killed between the totals and the removal of the file.
    _leave(tmp_path, name, 4)
    assert _scrape(tmp_path) == first
    _leave(tmp_path, _dead_name(), 1)
    assert _scrape(tmp_path)["hopline_clicks_total"] == 5


def test_counts_survive_the_service_that_is_started_again(tmp_path: Path) -> None:
    for count in (1, 2, 3):
        _leave(tmp_path, _dead_name(), count)
        _scrape(tmp_path)
    scraped = _scrape(tmp_path)
    assert scraped["hopline_clicks_total"] == 6
    assert scraped["hopline_seconds_count"] == 3
    assert [path.name for path in tmp_path.iterdir()] == ["totals"]


def test_an_unfinished_file_of_a_dead_process_goes_with_it(tmp_path: Path) -> None:
    name = _dead_name()
    _leave(tmp_path, name, 1)
    (tmp_path / f"{name}.part").write_bytes(b"[[")
    _scrape(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["totals"]


@pytest.mark.parametrize("torn", [b"", b"[]", b"[]\n[[", b"\xff\n[]"])
def test_torn_totals_are_begun_anew_and_said(
    tmp_path: Path, torn: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "totals").write_bytes(torn)
    _leave(tmp_path, _dead_name(), 4)
    assert _scrape(tmp_path)["hopline_clicks_total"] == 4
    assert "counting from zero" in caplog.text


def test_each_new_process_clears_up_after_the_dead(tmp_path: Path) -> None:
    """Else their files would pile up where nobody scrapes."""
    for count in (1, 2, 3):
        _leave(tmp_path, _dead_name(), count)
    Publisher(Counted(4).registry, tmp_path).publish()
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ""}
    assert len(list(tmp_path.iterdir())) == 2
    assert _scrape(tmp_path)["hopline_clicks_total"] == 10


def test_what_is_looked_up_when_asked_is_shown_too(tmp_path: Path) -> None:
    own = CollectorRegistry()
    Gauge("hopline_stream_entries", "Entries.", registry=own).set(9)
    text, _ = Exposition(tmp_path, [lambda: own]).render("")
    assert b"hopline_stream_entries 9.0" in text


def test_the_format_is_what_the_client_asks_for(tmp_path: Path) -> None:
    Publisher(Counted(3).registry, tmp_path).publish()
    exposition = Exposition(tmp_path)
    text, media_type = exposition.render("application/openmetrics-text;version=1.0.0")
    assert media_type.startswith("application/openmetrics-text; version=1.0.0")
    names = [family.name for family in open_metrics(text.decode())]
    assert names == ["hopline_clicks", "hopline_depth", "hopline_seconds"]
    text, media_type = exposition.render("text/plain;version=0.0.4")
    assert media_type.startswith("text/plain; version=0.0.4")
    assert b"# EOF" not in text
