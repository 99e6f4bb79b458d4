"""Options that a run takes on its command line."""

import argparse
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.chaos.faults.table import FAULTS

_EPILOG = """\
Exit codes: 0 every promise was kept; 1 a click is lost or doubled, a visitor was sent to an old
target, followed a used-up link or waited, the audit differs or sees nothing, or it could not be
found out; 2 wrong usage."""


class Options(NamedTuple):
    """How a run goes.

    Attributes:
        every_seconds: mean time between two faults.
        rate: clicks a second that visitors try.
        store: ``valkey`` (the embedded one) or ``redis7`` (Debian's).
        lasting: a fault that lasts from beginning to end; '' for none.
        maxlen: entries that the stream may hold; None for what is usual.
        shards: streams that clicks are spread over, beside that without shards if more than one.
        workers: module that is run as the workers.
        json_path: where the figures go.
        judges_waits: whether a visitor who waited for no reason fails the run.
        keep: whether the run's folder is left behind.
    """

    seconds: float
    seed: int
    every_seconds: float
    rate: float
    store: str
    kinds: tuple[str, ...]
    lasting: str
    maxlen: int | None
    shards: int
    workers: str
    directory: Path | None
    json_path: Path
    settle_seconds: float
    judges_waits: bool
    keep: bool

    @property
    def command(self) -> str:
        """What runs the same faults at the same times again."""
        words = f"CHAOS_SECONDS={self.seconds:g} CHAOS_SEED={self.seed} CHAOS_STORE={self.store}"
        arguments = (
            f"--rate {self.rate:g} --every {self.every_seconds:g} --settle {self.settle_seconds:g}"
        )
        if len(self.kinds) < len(FAULTS):
            arguments += f" --only '{','.join(self.kinds)}'"
        if self.lasting:
            arguments += f" --throughout '{self.lasting}'"
        if self.maxlen:
            arguments += f" --maxlen {self.maxlen}"
        if self.shards > 1:
            arguments += f" --shards {self.shards}"
        if not self.judges_waits:
            arguments += " --lenient"
        return f'make chaos {words} ARGS="{arguments}"'


def parse(arguments: Sequence[str] | None) -> Options:
    """Read the command line; exits with 2 when it can't be understood."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos",
        description="Break everything while visitors click; then look whether every click counts.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--seconds", type=_positive, default=120.0, help="how long faults strike (%(default)g)")
    add("--seed", type=int, default=None, help="of the faults; a new one by default")
    add("--every", type=_positive, default=3.0, help="mean seconds between faults (%(default)g)")
    add("--rate", type=_positive, default=400.0, help="clicks a second (%(default)g)")
    add("--store", choices=("valkey", "redis7"), default="valkey")
    add("--only", type=_kinds, default=tuple(FAULTS), metavar="KIND,…", help="kinds of faults")
    add("--throughout", choices=FAULTS, default="", metavar="KIND", help="what lasts all the time")
    add("--maxlen", type=int, help="entries that the stream may hold; the usual bound by default")
    add("--shards", type=int, default=1, help="streams that clicks are spread over (%(default)d)")
    add("--workers", default="workers", help="module to run as the workers")
    add("--directory", type=Path, help="for everything's files; a temporary one by default")
    add("--json", type=Path, default=Path("build/chaos.json"), help="for the figures")
    add("--settle", type=_positive, default=120.0, help="longest wait for the end (%(default)g)")
    add("--lenient", action="store_true", help="let no wait fail the run: for busy machines")
    add("--keep", action="store_true", help="leave the folder behind")
    given = parser.parse_args(arguments)
    seed = secrets.randbits(32) if given.seed is None else given.seed
    return Options(
        given.seconds,
        seed,
        given.every,
        given.rate,
        given.store,
        given.only,
        given.throughout,
        given.maxlen,
        given.shards,
        given.workers,
        given.directory,
        given.json,
        given.settle,
        not given.lenient,
        given.keep,
    )


def _positive(text: str) -> float:
    number = float(text)
    if not number > 0:
        raise argparse.ArgumentTypeError(f"{text} is not positive")
    return number


def _kinds(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in FAULTS:
            raise argparse.ArgumentTypeError(f"no fault {name!r}; there are: {', '.join(FAULTS)}")
    return names
