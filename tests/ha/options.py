"""Options that the proof takes on its command line."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from tests.ha.scenarios.scenario import SCENARIOS

STORES = ("valkey", "redis")
#: What Hopline is given: the Sentinels; an address that leads to the master, as a DNS name or
#: HAProxy's does; or the first master's own, by which it can follow nobody.
WAYS = ("sentinels", "name", "master")
#: HOPLINE_CONFIRM.
CONFIRM = ("master", "replica")
Item = TypeVar("Item")
_EPILOG = """\
Scenarios: {}

Exit codes: 0 every target was met, or missed by no more than the machine itself was late; 1 a click
is lost, doubled or not answered, a change of a link was not heard, or something took too long;
2 wrong usage."""


class Options(NamedTuple):
    """How the runs go: each scenario with each store and each time after which a master is down.

    Attributes:
        stores: ``valkey`` (the embedded one) and ``redis`` (Debian's).
        rate: clicks a second that visitors send.
        min_replicas: below so many replicas in step a master takes no writes.
        by: of :data:`WAYS`.
        confirm: who confirms a click, as HOPLINE_CONFIRM says it.
        warm_seconds: how long visitors come before the blow, so that links are in memory.
        calm_seconds: how long visitors come after a failover, and again when all servers are back.
        settle_seconds: longest wait for all clicks to be processed.
        is_lenient: whether no time fails a run.
        json_path: where the figures go; pictures go beside it.
        keep: whether the runs' folder is left behind.
    """

    scenarios: tuple[str, ...]
    stores: tuple[str, ...]
    down_after_seconds: tuple[float, ...]
    rate: float
    min_replicas: int
    by: str
    confirm: str
    warm_seconds: float
    calm_seconds: float
    settle_seconds: float
    is_lenient: bool
    directory: Path | None
    json_path: Path
    keep: bool


def parse(arguments: Sequence[str] | None) -> Options:
    """Read the command line; exits with 2 when it can't be understood."""
    texts = "".join(f"\n  {name:15}{scenario.text}" for name, scenario in SCENARIOS.items())
    parser = argparse.ArgumentParser(
        prog="python -m tests.ha",
        description="Take the master away while visitors click; then look whether every click"
        " counts, and how soon all went on.",
        epilog=_EPILOG.format(texts),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--only", type=_of(SCENARIOS), default=tuple(SCENARIOS), metavar="SCENARIO,…")
    add("--store", type=_of(STORES), default=STORES, metavar="STORE,…", help="by default both")
    add("--down-after", type=_seconds, default=(1.0, 30.0), metavar="SECONDS,…", help="1,30")
    add("--rate", type=_positive, default=1_000.0, help="clicks a second (%(default)g)")
    add("--min-replicas", type=int, default=1, help="min-replicas-to-write (%(default)s)")
    add("--by", choices=WAYS, default=WAYS[0], help="how Hopline finds the master (%(default)s)")
    add("--confirm", choices=CONFIRM, default=CONFIRM[0], help="a click (%(default)s)")
    add("--warm", type=_positive, default=5.0, help="seconds before the blow (%(default)g)")
    add("--calm", type=_positive, default=4.0, help="seconds after each change (%(default)g)")
    add("--settle", type=_positive, default=120.0, help="longest wait for the end (%(default)g)")
    add("--lenient", action="store_true", help="let no time fail a run: for busy machines")
    add("--directory", type=Path, help="for everything's files; a temporary one by default")
    add("--json", type=Path, default=Path("build/ha.json"), help="figures; pictures go beside it")
    add("--keep", action="store_true", help="leave the folder behind")
    given = parser.parse_args(arguments)
    return Options(
        scenarios=given.only,
        stores=given.store,
        down_after_seconds=given.down_after,
        rate=given.rate,
        min_replicas=given.min_replicas,
        by=given.by,
        confirm=given.confirm,
        warm_seconds=given.warm,
        calm_seconds=given.calm,
        settle_seconds=given.settle,
        is_lenient=given.lenient,
        directory=given.directory,
        json_path=given.json,
        keep=given.keep,
    )


def _positive(text: str) -> float:
    number = float(text)
    if not number > 0:
        raise argparse.ArgumentTypeError(f"{text} is not positive")
    return number


def _seconds(text: str) -> tuple[float, ...]:
    return tuple(_positive(one) for one in text.split(","))


def _of(names: Sequence[str] | dict[str, object]) -> Callable[[str], tuple[str, ...]]:
    def read(text: str) -> tuple[str, ...]:
        given = tuple(name.strip() for name in text.split(","))
        for name in given:
            if name not in names:
                raise argparse.ArgumentTypeError(f"no {name!r}; there are: {', '.join(names)}")
        return given

    return read
