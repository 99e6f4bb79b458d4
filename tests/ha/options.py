"""Options that the proof takes on its command line."""

import argparse
import itertools
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

STORES = ("valkey", "redis")
#: What Hopline is given: the Sentinels; an address that leads to the master, as a DNS name or
#: HAProxy's does; or the first master's own, by which it can follow nobody.
WAYS = ("sentinels", "name", "master")
#: HOPLINE_CONFIRM.
CONFIRM = ("master", "replica")
_DOWN_AFTER_SECONDS = (1.0, 30.0)
_EPILOG = """\
Scenarios: {}

Those of Sentinel are marked by *; --store, --down-after, --confirm, --by and --min-replicas are for
them. By default all but no-sentinels and paused are played with Valkey, and `kill` once more with
Redis, with a master that is down after 30 s, and with HOPLINE_CONFIRM=replica: some eleven minutes.
--all plays every one, those of Sentinel with each store and each time, and once more with
HOPLINE_CONFIRM=replica: some forty.

Exit codes: 0 every target was met, or missed by no more than the machine itself was late; 1 a click
is lost, doubled or not answered, a change of a link was not heard, something took too long, or a
scenario broke off;
2 wrong usage; 3 nothing of that, but a run is void: the machine had too much else to do for it."""


class Asked(NamedTuple):
    """One run that is asked for.

    Attributes:
        store: ``valkey`` (the embedded one) or ``redis`` (Debian's).
        down_after_seconds: after which Sentinels count a master as down; None where there are none.
        confirm: who confirms a click, as HOPLINE_CONFIRM says it.
    """

    scenario: str
    store: str = STORES[0]
    down_after_seconds: float | None = None
    confirm: str = CONFIRM[0]

    @property
    def label(self) -> str:
        """What the run's files are called."""
        down_after = self.down_after_seconds and f"{self.down_after_seconds:g}s"
        confirm = "" if self.confirm == CONFIRM[0] else f"by-{self.confirm}"
        words = (self.scenario, self.store, down_after, confirm)
        return "-".join(word for word in words if word)


class Options(NamedTuple):
    """How the runs go.

    Attributes:
        rate: clicks a second that visitors send; None for the scenario's own.
        min_replicas: below so many replicas in step a master takes no writes.
        by: of :data:`WAYS`.
        warm_seconds: how long visitors come before the blow, so that links are in memory.
        calm_seconds: how long visitors come after each change.
        settle_seconds: longest wait for all clicks to be processed.
        is_lenient: whether no time fails a run.
        json_path: where the figures go; pictures go beside it.
        keep: whether the runs' folder is left behind.
    """

    runs: tuple[Asked, ...]
    rate: float | None
    min_replicas: int
    by: str
    warm_seconds: float
    calm_seconds: float
    settle_seconds: float
    is_lenient: bool
    directory: Path | None
    json_path: Path
    keep: bool


def parse(
    arguments: Sequence[str] | None,
    scenarios: Mapping[str, str],
    failovers: Collection[str],
    further: Collection[str] = (),
) -> Options:
    """Read the command line; exits with 2 when it can't be understood.

    Args:
        scenarios: names and texts.
        failovers: which of them are of Sentinel.
        further: which of them are only played when they are asked for, or all.
    """
    given = _parser(scenarios, failovers).parse_args(arguments)
    usual = [name for name in scenarios if given.all or name not in further]
    return Options(
        runs=tuple(_runs(given, usual, failovers)),
        rate=given.rate,
        min_replicas=given.min_replicas,
        by=given.by,
        warm_seconds=given.warm,
        calm_seconds=given.calm,
        settle_seconds=given.settle,
        is_lenient=given.lenient,
        directory=given.directory,
        json_path=given.json,
        keep=given.keep,
    )


def _parser(scenarios: Mapping[str, str], failovers: Collection[str]) -> argparse.ArgumentParser:
    texts = "".join(
        f"\n {'*' if name in failovers else ' '}{name:17}{text}" for name, text in scenarios.items()
    )
    parser = argparse.ArgumentParser(
        prog="python -m tests.ha",
        description="Take away what Hopline stands on while visitors click; then look whether every"
        " click counts, and how soon all went on.",
        epilog=_EPILOG.format(texts),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--only", type=_of(scenarios), metavar="SCENARIO,…", help="by default most, see below")
    add("--all", action="store_true", help="with each store and each time; see below")
    add("--store", type=_of(STORES), metavar="STORE,…", help=", ".join(STORES))
    add("--down-after", type=_seconds, metavar="SECONDS,…", help="until a master is down (1)")
    add("--confirm", type=_of(CONFIRM), metavar="WHO,…", help="who confirms a click (master)")
    add("--rate", type=_positive, help="clicks a second (1000, on a cluster 1500)")
    add("--min-replicas", type=int, default=1, help="min-replicas-to-write (%(default)s)")
    add("--by", choices=WAYS, default=WAYS[0], help="how Hopline finds the master (%(default)s)")
    add("--warm", type=_positive, default=3.0, help="seconds before the blow (%(default)g)")
    add("--calm", type=_positive, default=3.0, help="seconds after each change (%(default)g)")
    add("--settle", type=_positive, default=120.0, help="longest wait for the end (%(default)g)")
    add("--lenient", action="store_true", help="let no time fail a run: for busy machines")
    add("--directory", type=Path, help="for everything's files; a temporary one by default")
    add("--json", type=Path, default=Path("build/ha.json"), help="figures; pictures go beside it")
    add("--keep", action="store_true", help="leave the folder behind")
    return parser


def _runs(
    given: argparse.Namespace, usual: Collection[str], failovers: Collection[str]
) -> Iterator[Asked]:
    chosen = given.only or usual
    is_narrowed = any((given.only, given.store, given.down_after, given.confirm))
    stores = given.store or STORES[: 2 if given.all else 1]
    down_after = given.down_after or _DOWN_AFTER_SECONDS[: 2 if given.all else 1]
    confirm = given.confirm or CONFIRM[:1]
    for name in chosen:
        if name in failovers:
            for each in itertools.product(stores, down_after, confirm):
                yield Asked(name, *each)
        else:
            yield Asked(name)
    if is_narrowed:
        return
    first, later = _DOWN_AFTER_SECONDS
    if given.all:
        yield from (Asked(name, STORES[0], first, CONFIRM[1]) for name in failovers)
    else:
        yield Asked("kill", STORES[1], first)
        yield Asked("kill", STORES[0], later)
        yield Asked("kill", STORES[0], first, CONFIRM[1])


def _positive(text: str) -> float:
    number = float(text)
    if not number > 0:
        raise argparse.ArgumentTypeError(f"{text} is not positive")
    return number


def _seconds(text: str) -> tuple[float, ...]:
    return tuple(_positive(one) for one in text.split(","))


def _of(names: Collection[str]) -> Callable[[str], tuple[str, ...]]:
    def read(text: str) -> tuple[str, ...]:
        given = tuple(name.strip() for name in text.split(","))
        for name in given:
            if name not in names:
                raise argparse.ArgumentTypeError(f"no {name!r}; there are: {', '.join(names)}")
        return given

    return read
