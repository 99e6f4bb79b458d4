"""Aggregation that adds up a service's snapshots: of each living process, and of all dead ones.

Rule 1: no counter ever goes back. What a dead process counted is folded into one file of totals,
        which stays as long as the directory does, and only then its own file goes.
Rule 2: a dead process has no gauges.
"""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from app.metrics.process_identity import is_alive
from app.metrics.snapshot import BadSnapshot, Snapshot, decode, encode, lasting, merged
from app.processes.private_files import make_private

logger = logging.getLogger(__name__)

SUFFIX = ".json"
_TOTALS = "totals"


def aggregate(directory: Path) -> Snapshot:
    """Fold in what the dead have left, and return the sum of all.

    Raises:
        OSError: the directory can't be used.
    """
    make_private(directory)
    with _locked(directory):
        living, dead = _snapshots(directory)
        totals = _Totals(directory / _TOTALS)
        if dead:
            _fold_in(directory, totals, dead)
        return merged([totals.snapshot, *living])


def replace_file(path: Path, content: bytes) -> None:
    """Write a file as a whole: whoever reads it finds the old content or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    unfinished.write_bytes(content)
    unfinished.replace(path)


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


def _snapshots(directory: Path) -> tuple[list[Snapshot], dict[str, Snapshot]]:
    """Return what the living have published, and what each of the dead has left."""
    living, dead = [], {}
    for path in directory.glob(f"*{SUFFIX}"):
        # In this order: what a process wrote before it died is read after it has.
        lives = is_alive(path.stem)
        snapshot = _read(path)
        if lives:
            living.append(snapshot)
        else:
            dead[path.stem] = snapshot
    return living, dead


def _fold_in(directory: Path, totals: _Totals, dead: dict[str, Snapshot]) -> None:
    """Have the totals keep what the dead counted; until a full disk lets them, their files do."""
    try:
        totals.fold(dead)
        for left in [path for name in dead for path in directory.glob(f"{name}.*")]:
            left.unlink()
    except OSError as error:
        logger.warning("can't fold in what %d ended process(es) counted: %s", len(dead), error)


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
        # Closing does not do: a process that was forked meanwhile has the descriptor as well, and
        # would hold the lock for as long as it lives.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)
