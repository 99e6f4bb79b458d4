"""Task that publishes the metrics of a redirect worker, see :mod:`app.metrics.publisher`."""

from pathlib import Path

import gevent
from prometheus_client import CollectorRegistry, Counter

from app.metrics.publisher import PUBLISH_SECONDS, Publisher
from app.redirect.tasks.background_task import BackgroundTask


class Publishing:
    """Publishes from the event loop, once a second.

    What is counted without locks is read in the loop's own thread. The file is written in another,
    since a disk may be slow and a visitor may not wait for it.
    """

    def __init__(self, registry: CollectorRegistry, directory: Path, failures: Counter) -> None:
        self._publisher = Publisher(registry, directory)
        self._task = BackgroundTask("publishing", self._publish_and_rest, failures)

    def start(self) -> None:
        """Begin to publish; returns at once."""
        self._task.start()

    def close(self) -> None:
        """Publish for the last time; blocks the calling greenlet."""
        self._task.close()
        self._publish()

    def _publish_and_rest(self) -> None:
        self._publish()
        gevent.sleep(PUBLISH_SECONDS)

    def _publish(self) -> None:
        snapshot = self._publisher.take()
        gevent.get_hub().threadpool.apply(self._publisher.write, (snapshot,))
