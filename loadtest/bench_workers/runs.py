"""Run that has one kind of consumer drain one backlog, and measures what it took."""

import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

import psutil

from app.processes.child import Child, Program, running, wait_for
from loadtest.bench_workers.backlog import entries_read, fill, is_done
from loadtest.bench_workers.stores import Stores
from loadtest.common.processes import below, cpu_seconds, tree

_MOST_SECONDS = 240
_STOP_SECONDS = 30
#: The workers show their metrics once a second.
_SHOWN_AFTER_SECONDS = 1.5


class RunFailed(Exception):
    """The run came to no end; the text says what was seen."""


@dataclass(slots=True)
class Run:
    """What a backlog took.

    Attributes:
        entries: the size of the backlog; those read before the clock started aren't in the rates.
        cpu_us: of all consumers, for one click.
        memory_bytes: most that one consumer ever held.
        stages_us: CPU of Hopline's consumers by stage, for one click.
        distinct: click ids in ClickHouse afterwards.
    """

    entries: int
    seconds: float
    clicks_per_second: float
    cpu_us: float
    redis_cpu_us: float
    clickhouse_cpu_us: float
    memory_bytes: int
    distinct: int
    rows: int
    parts: int
    inserts: int = 0
    stages_us: dict[str, float] = field(default_factory=dict)


def run_hopline(stores: Stores, entries: int, consumers: int, port: int, log: Path) -> Run:
    """Let Hopline's workers drain a backlog."""
    stream, database = f"bench:hopline:{consumers}", f"bench_hopline_{consumers}"
    environment = stores.settings(
        stream=stream,
        consumers=consumers,
        clickhouse_url=stores.url(database),
        workers_metrics_bind=f"127.0.0.1:{port}",
        # Of its own for each run: counters go on where an earlier process's left off.
        metrics_dir=mkdtemp(prefix="metrics-", dir=log.parent),
        data_dir=log.parent / "data",
    )

    with _backlog(stores, entries, stream, database):
        with started(["-m", "workers"], environment, log) as workers:
            run = _measure(
                stores, stream, database, entries, lambda: below(workers.pid, "hopline: consumer")
            )
            time.sleep(_SHOWN_AFTER_SECONDS)
            shown = scrape(port)
        run.inserts = round(shown.get("hopline_insert_seconds_count", 0))
        label = 'hopline_consumer_cpu_seconds_total{stage="'
        run.stages_us = {
            name.removeprefix(label).removesuffix('"}'): seconds / entries * 1e6
            for name, seconds in shown.items()
            if name.startswith(label)
        }
    return run


def run_plain(stores: Stores, entries: int, log: Path) -> Run:
    """Let the plain consumer drain a backlog."""
    stream, database = "bench:straightforward", "bench_straightforward"
    script = str(Path(__file__).parent / "plain_consumer.py")
    environment = stores.settings(stream=stream, clickhouse_url=stores.url(database))
    with (
        _backlog(stores, entries, stream, database),
        started([script], environment, log) as consumer,
    ):
        return _measure(stores, stream, database, entries, lambda: tree(consumer.pid))


def scrape(port: int) -> dict[str, float]:
    """Return the workers' metrics by name and labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in pairs}


@contextmanager
def _backlog(stores: Stores, entries: int, stream: str, database: str) -> Iterator[None]:
    template = fill(stores.redis, entries)
    stores.migrate(database)
    stores.redis.copy(template, stream, replace=True)
    try:
        yield
    finally:
        stores.redis.unlink(stream)


def started(
    arguments: Sequence[str], environment: dict[str, str], log: Path
) -> AbstractContextManager[Child]:
    """Run Python inside the ``with`` block, then stop it."""
    program = Program("consumers", (sys.executable, *arguments), environment)
    return running(program, log, ready_seconds=0, stop_seconds=_STOP_SECONDS)


def _measure(
    stores: Stores,
    stream: str,
    database: str,
    entries: int,
    find: Callable[[], list[psutil.Process]],
) -> Run:
    _wait(lambda: entries_read(stores.redis, stream) > 0)
    began, before = time.monotonic(), entries_read(stores.redis, stream)
    consumers = find()
    cpu = cpu_seconds(consumers)
    redis_cpu, clickhouse_cpu = stores.cpu_seconds()
    parts = stores.parts_created()
    _wait(lambda: is_done(stores.redis, stream, entries))
    # A small backlog may have been read whole at the first look; it tells no rate then.
    seconds, clicks = time.monotonic() - began, max(1, entries - before)
    redis_after, clickhouse_after = stores.cpu_seconds()
    counted = "SELECT uniqExact(click_id), count() FROM clicks"
    with stores.client(database) as client:
        ((distinct, rows),) = client.execute(counted)
    return Run(
        entries=entries,
        seconds=seconds,
        clicks_per_second=clicks / seconds,
        cpu_us=(cpu_seconds(consumers) - cpu) / clicks * 1e6,
        redis_cpu_us=(redis_after - redis_cpu) / clicks * 1e6,
        clickhouse_cpu_us=(clickhouse_after - clickhouse_cpu) / clicks * 1e6,
        memory_bytes=max(_peak_bytes(one.pid) for one in consumers),
        distinct=distinct,
        rows=rows,
        parts=stores.parts_created() - parts,
    )


def _wait(condition: Callable[[], bool]) -> None:
    if not wait_for(condition, _MOST_SECONDS):
        raise RunFailed(f"the backlog was not done within {_MOST_SECONDS} s")


def _peak_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RunFailed(f"process {pid} has ended")
