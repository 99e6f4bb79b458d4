"""Measures what it costs to have a replica confirm clicks, beside the master alone.

``python -m tests.support.redirect.confirmation [CLICKS] [ROUNDS]`` starts a Valkey with a replica
and a redirect with one worker, in turn with each value of ``HOPLINE_CONFIRM``. It prints medians of
the rounds: how long a visitor waits who comes alone, how many are answered a second when 80 come at
once, what CPU time that takes of redirect and master, and how many clicks went to the spool.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import psutil
from redis import Redis

from app.links.link import Link, encode
from app.stores.keys import link_key
from tests.support.redirect.replication import ReplicatedRedis
from tests.support.redirect.retransmission import Visitor
from tests.support.redirect_servers import REAL_BUDGETS, RedirectServer
from tests.support.servers import RedisServer

_CLICKS = 40_000
_ROUNDS = 5
_CONNECTIONS = 8
_TOGETHER = 10
_ALONE = 2_000
_MILLION = 1_000_000
_LINK = Link(code="demo", target="https://target.example/", created_ms=1, updated_ms=1)


class Figures(NamedTuple):
    """What one round came to."""

    alone_p50_us: float
    alone_p99_us: float
    clicks_per_second: float
    redirect_cpu_us: float
    redis_cpu_us: float
    not_in_redis: int


def main(clicks: int, rounds: int) -> None:
    """Print a line of medians for each way to confirm."""
    measured: dict[str, list[Figures]] = {"master": [], "replica": []}
    for _ in range(rounds):
        for confirm, figures in measured.items():
            figures.append(_measure(confirm, clicks))
    for confirm, figures in measured.items():
        each = zip(Figures._fields, zip(*figures, strict=True), strict=True)
        shown = ", ".join(f"{name} {statistics.median(values):,.0f}" for name, values in each)
        print(f"{confirm}: {shown}")  # noqa: T201 - the program's output


def _measure(confirm: str, clicks: int) -> Figures:
    with (
        tempfile.TemporaryDirectory() as name,
        RedisServer(Path(name) / "master") as master,
        RedisServer(Path(name) / "replica") as replica,
        Redis.from_url(master.url) as client,
        ReplicatedRedis(master, replica) as redis,
    ):
        client.set(link_key(_LINK.code), encode(_LINK))
        redis.follow(directly=True)
        with RedirectServer(
            Path(name) / "redirect", master.url, confirm=confirm, **REAL_BUDGETS
        ) as redirect:
            crowd = [Visitor(redirect.port, str(number)) for number in range(_CONNECTIONS)]
            _come_together(crowd, clicks // 10)
            alone = statistics.quantiles((crowd[0].visit() for _ in range(_ALONE)), n=100)
            processes = [psutil.Process(pid) for pid in (redirect.workers()[0], master.pid)]
            before, began = _cpu_seconds(processes), time.perf_counter()
            came = _come_together(crowd, clicks)
            seconds = time.perf_counter() - began
            used = [
                after - at_first
                for after, at_first in zip(_cpu_seconds(processes), before, strict=True)
            ]
            answered = sum(visitor.answered for visitor in crowd)
            return Figures(
                alone[49] * _MILLION,
                alone[98] * _MILLION,
                came / seconds,
                *(each * _MILLION / came for each in used),
                answered - int(client.xlen("clicks:stream")),
            )


def _come_together(crowd: list[Visitor], clicks: int) -> int:
    """Have all connections ask at once, again and again; return how many visits that were."""
    times = clicks // len(crowd) // _TOGETHER
    for _ in range(times):
        for each in crowd:
            each.ask(_TOGETHER)
        for each in crowd:
            each.receive(_TOGETHER)
    return times * len(crowd) * _TOGETHER


def _cpu_seconds(processes: list[psutil.Process]) -> list[float]:
    return [sum(process.cpu_times()[:2]) for process in processes]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.support.redirect.confirmation")
    parser.add_argument("clicks", nargs="?", type=int, default=_CLICKS)
    parser.add_argument("rounds", nargs="?", type=int, default=_ROUNDS)
    options = parser.parse_args()
    main(options.clicks, options.rounds)
