import multiprocessing
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter

from app.exposure import gathering
from app.exposure.gathering import gather
from app.exposure.publisher import Publisher


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
    child = context.Process(target=over.wait, args=(30,))
    merged = gathering.merged

    def fork_and_merge(snapshots):
        child.start()
        return merged(snapshots)

    monkeypatch.setattr(gathering, "merged", fork_and_merge)
    gather(tmp_path)
    monkeypatch.undo()
    patient = context.Process(target=gather, args=(tmp_path,))
    patient.start()
    patient.join(10)
    try:
        assert patient.exitcode == 0
    finally:
        patient.kill()
        over.set()
        child.join()
