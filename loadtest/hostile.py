"""``python -m loadtest.hostile``: whether clicks with hostile user agents are reported as fast.

Batches of clicks with user agents of 2 KB take turns, ordinary ones and hostile ones, each new to
the workers. Each is timed from its first request until the console tells all of its clicks.
"""

import argparse
import http.client
import random
import string
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from statistics import median
from urllib.parse import urlsplit

from app.processes.child import ChildFailed
from loadtest.common.command_line import add_count, new_table, speaker, terminal
from loadtest.common.processes import below, cpu_seconds
from loadtest.local import Local, LocalFailed, running
from loadtest.run.clicks import Console, ConsoleFailed
from loadtest.scenario.links import Catalogue

_AGENT_BYTES = 2_000
_LOOK_SECONDS = 0.02
_MOST_SECONDS = 120.0
_REQUEST_SECONDS = 30.0
#: Parts that automata for user agents have most to do with, repeated or in any order.
_WORDS = ("tizen ", "Android ", "bot", "spider/", "(compatible; ", "http://", "Mozilla/5.0 ", "tv ")
#: All that a header may hold.
_PRINTABLE = string.ascii_letters + string.digits + string.punctuation + " "


@dataclass(frozen=True, slots=True)
class Batch:
    """What a batch of clicks took: until all were reported, and of the consumers' CPU for one."""

    seconds: float
    cpu_us: float


def main() -> int:
    """Measure and print; return the exit code: 0 done, 1 failed, 2 wrong usage."""
    options = _options().parse_args()
    say = speaker()
    catalogue = Catalogue("hostile", hot_count=options.rounds * len(_KINDS), tail_count=0)
    found: dict[str, list[Batch]] = {kind: [] for kind in _KINDS}
    try:
        with running(catalogue) as local:
            codes, chance = iter(catalogue.hot()), random.Random(options.seed)
            for number in range(options.rounds):
                for kind, make in _KINDS.items():
                    say(f"round {number + 1} of {options.rounds}: {kind}")
                    agents = [_cut(make(chance)) for _ in range(options.clicks)]
                    found[kind].append(_measure(local, next(codes), agents))
    except (ChildFailed, LocalFailed, ConsoleFailed, TimeoutError) as error:
        print(f"hostile: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    _print(found, options.clicks)
    return 0


def _ordinary(chance: random.Random) -> str:
    numbers = (f"Extension {chance.randrange(10**6)}; " for _ in range(120))
    return (
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/{chance.randrange(100, 140)}.0.0.0"
        f" Safari/537.36 ({''.join(numbers)})"
    )


def _letters(chance: random.Random) -> str:
    return "".join(chance.choices(_PRINTABLE, k=_AGENT_BYTES))


def _words(chance: random.Random) -> str:
    return "".join(chance.choices(_WORDS, k=_AGENT_BYTES // 3))


def _one_word(chance: random.Random) -> str:
    word = chance.choice(_WORDS)
    return f"{word * (_AGENT_BYTES // len(word) - 4)}{chance.randrange(10**6)}"


#: What the user agents are, the ordinary ones first.
_KINDS: dict[str, Callable[[random.Random], str]] = {
    "ordinary": _ordinary,
    "random characters": _letters,
    "words of patterns": _words,
    "one word, repeated": _one_word,
}


def _cut(agent: str) -> str:
    return agent[:_AGENT_BYTES].strip()


def _measure(local: Local, code: str, agents: Sequence[str]) -> Batch:
    consumers = below(local.process.pid, "hopline: consumer")
    console = Console(local.console)
    used, began = cpu_seconds(consumers), time.monotonic()
    _visit(local.url, code, agents)
    while console.clicks([code])[code] < len(agents):
        if time.monotonic() - began > _MOST_SECONDS:
            raise TimeoutError(f"clicks of {code} were not reported in {_MOST_SECONDS:g} s")
        time.sleep(_LOOK_SECONDS)
    seconds = time.monotonic() - began
    return Batch(seconds, (cpu_seconds(consumers) - used) / len(agents) * 1e6)


def _visit(url: str, code: str, agents: Sequence[str]) -> None:
    address = urlsplit(url).netloc
    with closing(http.client.HTTPConnection(address, timeout=_REQUEST_SECONDS)) as connection:
        for agent in agents:
            connection.request("GET", f"/{code}", headers={"User-Agent": agent})
            connection.getresponse().read()


def _print(found: dict[str, list[Batch]], clicks: int) -> None:
    table = new_table(
        f"{clicks} clicks with user agents of {_AGENT_BYTES:,} bytes, medians",
        *("user agents", "seconds until reported", "of ordinary", "consumers' CPU µs a click"),
    )
    usual = median(batch.seconds for batch in found["ordinary"])
    for kind, batches in found.items():
        seconds = median(batch.seconds for batch in batches)
        cpu = median(batch.cpu_us for batch in batches)
        table.add_row(kind, f"{seconds:.2f}", f"{seconds / usual:.2f}", f"{cpu:.0f}")
    terminal().print(table)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m loadtest.hostile", description=__doc__)
    add_count(parser, "--clicks", 800, "clicks of a batch")
    add_count(parser, "--rounds", 5, "batches of each kind")
    add_count(parser, "--seed", 1, "what user agents are made of")
    return parser


if __name__ == "__main__":
    sys.exit(main())
