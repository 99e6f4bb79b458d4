"""Publisher that writes a process' metrics into a directory, a snapshot once a second.

Whoever serves the service's metrics adds the snapshots up, see :mod:`app.metrics.exposition`. A
process that is killed with -9 takes at most its last second's counts with it.

To have a metric shown, declare it in :mod:`app.metrics.workers` with the registry of its process:
each process publishes one registry, and nothing else has to be done.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry

from app.metrics.aggregation import SUFFIX, aggregate, replace_file
from app.metrics.process_identity import process_name
from app.metrics.snapshot import encode, take

logger = logging.getLogger(__name__)

PUBLISH_SECONDS = 1.0


class Publisher:
    """Writes the registry of this process into the directory of its service."""

    def __init__(self, registry: CollectorRegistry, directory: Path) -> None:
        self._registry = registry
        self._path = directory / f"{process_name()}{SUFFIX}"
        self._written = b""
        self._fails = False
        self._is_first = True

    def take(self) -> bytes:
        """Return what there is to write; from the thread that counts without locks."""
        return encode(take(self._registry))

    def write(self, snapshot: bytes) -> None:
        """Write a snapshot unless it is written; a failure is logged, and tried again next time."""
        if snapshot == self._written:
            return
        try:
            if self._is_first:
                # Nobody may ever ask for the metrics: the files of the dead must not pile up.
                aggregate(self._path.parent)
                self._is_first = False
            replace_file(self._path, snapshot)
        except OSError as error:
            if not self._fails:
                logger.error("can't show metrics, which are counted all the same: %s", error)
            self._fails = True
            return
        self._fails = False
        self._written = snapshot

    def publish(self) -> None:
        """Show the metrics as they are now."""
        self.write(self.take())


@contextmanager
def published(registry: CollectorRegistry, directory: Path) -> Iterator[None]:
    """Show the metrics of this process once a second, from a thread, and at the end once more.

    Args:
        directory: of the service, see :meth:`app.config.settings.Settings.metrics_of`.
    """
    publisher = Publisher(registry, directory)
    over = threading.Event()

    def keep_publishing() -> None:
        publisher.publish()
        while not over.wait(PUBLISH_SECONDS):
            publisher.publish()

    thread = threading.Thread(target=keep_publishing, name="metrics", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        publisher.publish()
