"""The metrics of a service: those of its living processes, and what the dead ones counted.

Rule 1: no counter ever goes back. What a dead process counted is folded into one file of totals,
        which stays as long as the directory does, and only then its own file goes.
Rule 2: a dead process has no gauges.
"""

import fcntl
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import orjson
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder

from app.exposure.process import is_alive
from app.exposure.publisher import SUFFIX, replace_file
from app.exposure.snapshot import BadSnapshot, Snapshot, decode, encode, lasting, merged, take

logger = logging.getLogger(__name__)

_TOTALS = "totals"


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
        self._directory.mkdir(parents=True, exist_ok=True)
        seen = [take(look()) for look in self._looks]
        with _locked(self._directory):
            totals = _Totals(self._directory / _TOTALS)
            living = self._living(totals)
            counted = merged([totals.snapshot, *living, *seen])
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

    def _living(self, totals: "_Totals") -> list[Snapshot]:
        living, dead = [], {}
        for path in self._directory.glob(f"*{SUFFIX}"):
            # In this order: what a process wrote before it died is read after it has.
            lives = is_alive(path.stem)
            snapshot = _read(path)
            if lives:
                living.append(snapshot)
            else:
                dead[path.stem] = snapshot
        if dead:
            totals.fold(dead)
            for name in dead:
                for left in self._directory.glob(f"{name}.*"):
                    left.unlink()
        return living


class _Totals:
    """What the dead counted, and whose counts are in it, should their files still be there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._folded: list[str] = []
        self.snapshot: Snapshot = {}
        if path.exists():
            try:
                folded, _, stored = path.read_bytes().partition(b"\n")
                self._folded, self.snapshot = orjson.loads(folded), decode(stored)
            except (ValueError, BadSnapshot) as error:
                logger.error("counting from zero, for %s can't be read: %s", path, error)

    def fold(self, dead: dict[str, Snapshot]) -> None:
        """Add the counts of dead processes, each of them once, whatever comes in between."""
        new = [lasting(snapshot) for name, snapshot in dead.items() if name not in self._folded]
        self.snapshot = merged([self.snapshot, *new])
        replace_file(self._path, orjson.dumps(list(dead)) + b"\n" + encode(self.snapshot))


def _read(path: Path) -> Snapshot:
    try:
        return decode(path.read_bytes())
    except (FileNotFoundError, BadSnapshot) as error:
        logger.warning("can't read the metrics in %s: %s", path, error)
        return {}


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
