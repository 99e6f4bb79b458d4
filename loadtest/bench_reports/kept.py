"""Note that says what a kept folder was filled with, so that a later run measures it again."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from loadtest.bench_reports.generated import Generated, plan
from loadtest.bench_reports.installation import Cpu
from loadtest.bench_reports.results import Work

_NAME = "filled.json"
_SHAPE = ("clicks", "links", "days")


class NotKept(Exception):
    """The folder can't be measured again, and the text says why."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What was made up, and what that took.

    Attributes:
        until_ms: when the clicks end.
        raw_bytes: of the clicks on disk.
        sums: what the sums of the days took that have theirs.
        sums_bytes: of the sums of all days that were over.
        summed: how many of those days have their sums, oldest first.
    """

    clicks: int
    links: int
    days: int
    until_ms: int
    fill: Work
    raw_bytes: int
    sums: Work
    sums_bytes: int
    summed: int

    @property
    def generated(self) -> Generated:
        """The plan of it: the same numbers give the same clicks."""
        return plan(self.clicks, self.links, self.days, self.until_ms)


def write(folder: Path, filled: Filled) -> None:
    """Note that the folder has all clicks; whoever breaks off before leaves none."""
    new = folder / f"{_NAME}.new"
    with new.open("w") as file:
        json.dump(asdict(filled), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    new.rename(folder / _NAME)


def read(folder: Path, **wanted: int) -> Filled | None:
    """Return what the folder was filled with, or None where it is empty or not there.

    Args:
        wanted: ``clicks``, ``links`` and ``days`` that this run asks for.

    Raises:
        NotKept: something else is there, less than all of it, or more or fewer clicks.
    """
    try:
        found = json.loads((folder / _NAME).read_text())
        filled = Filled(**{**found, "fill": _work(found["fill"]), "sums": _work(found["sums"])})
    except FileNotFoundError:
        if folder.exists() and any(folder.iterdir()):
            raise NotKept(
                f"{folder} is not empty, and no run has filled it to the end: remove it first"
            ) from None
        return None
    except (ValueError, KeyError, TypeError, NotADirectoryError) as error:
        raise NotKept(f"{folder / _NAME} can't be read ({error}): remove {folder}") from None
    for name in _SHAPE:
        if (is_there := getattr(filled, name)) != wanted[name]:
            raise NotKept(
                f"{folder} was filled with {is_there:,} {name}, not {wanted[name]:,}:"
                f" say --{name} {is_there}, or name another folder"
            )
    return filled


def _work(plain: dict[str, Any]) -> Work:
    return Work(plain["seconds"], Cpu(*plain["cpu"]))
