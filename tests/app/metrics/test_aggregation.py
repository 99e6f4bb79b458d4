import multiprocessing
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter

from app.metrics import aggregation
from app.metrics.aggregation import aggregate
from app.metrics.publisher import Publisher
from app.metrics.snapshot import encode, take


# pytest-xdist's processes have a thread, which Python warns of when they fork.
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_process_that_was_forked_while_others_gathered_keeps_nobody_from_it(
    tmp_path: Path, monkeypatch
) -> None:
    """As gunicorn's arbiter does when it replaces a worker while it serves its metrics."""
    registry = CollectorRegistry()
    Counter("hopline_clicks", "Clicks.", registry=registry).inc(3)
    Publisher(registry, tmp_path).publish()
    context = multiprocessing.get_context("fork")
    over = context.Event()
    child = context.Process(target=over.wait, args=(300,))
    merged = aggregation.merged

    def fork_and_merge(snapshots):
        child.start()
        return merged(snapshots)

    monkeypatch.setattr(aggregation, "merged", fork_and_merge)
    aggregate(tmp_path)
    monkeypatch.undo()
    patient = context.Process(target=aggregate, args=(tmp_path,))
    patient.start()
    patient.join(60)
    try:
        assert patient.exitcode == 0
    finally:
        patient.kill()
        over.set()
        child.join()


def test_on_a_full_disk_what_the_dead_counted_is_shown_and_kept_for_later(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    Counter("hopline_clicks", "Clicks.", registry=registry).inc(3)
    dead = tmp_path / "1-1.json"
    dead.write_bytes(encode(take(registry)))
    obstacle = tmp_path / "totals.part"
    obstacle.mkdir()

    def clicks() -> list[float]:
        return [*aggregate(tmp_path)["hopline_clicks"].values.values()]

    assert (clicks(), clicks(), dead.exists()) == ([3.0], [3.0], True)
    obstacle.rmdir()
    assert (clicks(), dead.exists()) == ([3.0], False)
    assert clicks() == [3.0]
