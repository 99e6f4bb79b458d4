"""Exposition that shows a service's metrics: what processes published, and what is looked up."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder

from app.metrics.aggregation import aggregate
from app.metrics.snapshot import merged, take


class Exposition:
    """Adds up what the processes of a service published.

    Args:
        directory: of the service, where its processes publish.
        looks: for what is not published but looked up when somebody asks; each returns its metrics.
    """

    def __init__(
        self, directory: Path, looks: Sequence[Callable[[], CollectorRegistry]] = ()
    ) -> None:
        self._directory = directory
        self._looks = looks

    def collect(self) -> Iterator[Metric]:
        """Yield the service's metrics.

        Raises:
            OSError: the directory can't be used.
        """
        seen = [take(look()) for look in self._looks]
        counted = merged([aggregate(self._directory), *seen])
        for name in sorted(counted):
            yield counted[name].to_metric()

    def render(self, accept: str) -> tuple[bytes, str]:
        """Return the metrics and their media type.

        Args:
            accept: the Accept header; OpenMetrics for whoever asks for it, else Prometheus text.

        Raises:
            OSError: the directory can't be used.
        """
        encoder, media_type = choose_encoder(accept)
        return encoder(self), media_type
