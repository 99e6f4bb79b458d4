"""Shows the metrics of a redirect worker, see :mod:`app.exposure.publisher`."""

from pathlib import Path

import gevent
from prometheus_client import CollectorRegistry

from app.exposure.publisher import PUBLISH_SECONDS, Publisher


class Publishing:
    """Publishes from the event loop, once a second.

    What is counted without locks is read in the loop's own thread. The file is written in another,
    since a disk may be slow and a visitor may not wait for it.
    """

    def __init__(self, registry: CollectorRegistry, directory: Path) -> None:
        self._publisher = Publisher(registry, directory)
        self._greenlet: gevent.Greenlet | None = None

    def start(self) -> None:
        """Begin to publish; returns at once."""
        self._greenlet = gevent.spawn(self._run)

    def close(self) -> None:
        """Publish for the last time; blocks the calling greenlet."""
        if self._greenlet is not None:
            self._greenlet.kill()
        self._publish()

    def _run(self) -> None:
        while True:
            self._publish()
            gevent.sleep(PUBLISH_SECONDS)

    def _publish(self) -> None:
        snapshot = self._publisher.take()
        gevent.get_hub().threadpool.apply(self._publisher.write, (snapshot,))
