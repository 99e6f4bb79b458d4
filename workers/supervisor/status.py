"""Snapshot that describes all consumers of a supervisor, as others see them."""

import os
import socket
import time
from collections.abc import Iterable, Iterator

from app.health.redis.stream import Backlog
from app.health.worker_status import ConsumerState, WorkersState
from app.processes.procfs import memory_bytes
from workers.supervisor.autoscale import Load
from workers.supervisor.pool import WorkerPool
from workers.supervisor.process import ConsumerProcess
from workers.supervisor.slot import Slot


def supervisor_status(pool: WorkerPool, state: str, backlog: Backlog | None) -> WorkersState:
    """Return the state of a pool and all its consumers at this moment."""
    return WorkersState(
        host=socket.gethostname(),
        pid=os.getpid(),
        state=state,
        wanted=len(pool.slots),
        lag=backlog.unread if backlog else None,
        pending=backlog.pending if backlog else None,
        consumers=tuple(_consumers(pool)),
    )


def load(pool: WorkerPool, backlog: Backlog | None) -> Load:
    """Return what there is to do, and how busy the pool is with it."""
    working = [one for one in pool.living() if one.has_worked and not one.is_draining]
    busy = [1.0 - one.rest.per_second() for one in working]
    return Load(
        lag=backlog.unread if backlog else None,
        clicks_per_second=sum(one.clicks.per_second() for one in working),
        busy=sum(busy) / len(busy) if busy else 0.0,
    )


def in_words(state: WorkersState) -> str:
    """Return how the workers fare, in one line."""
    working = sum(one.state in ("reading", "working") for one in state.consumers)
    clicks_per_second = sum(one.clicks_per_second for one in state.consumers)
    lag = "unknown" if state.lag is None else f"{state.lag:,}"
    return (
        f"{state.state}: {working} of {state.wanted} consumers work,"
        f" {clicks_per_second:,.0f} clicks/s, lag {lag}"
    )


def line(consumer: ConsumerState) -> str:
    """Return how a consumer fares, in one line."""
    process = f"process {consumer.pid}" if consumer.pid else "no process"
    memory = "-" if consumer.memory_bytes is None else f"{consumer.memory_bytes / 1e6:.0f} MB"
    ago = consumer.last_insert_seconds
    insert = "no insert yet" if ago is None else f"last insert {ago:.0f} s ago"
    return (
        f"consumer {consumer.number}, {process}: {consumer.state},"
        f" {consumer.clicks_per_second:,.0f} clicks/s, {consumer.clicks:,} clicks, {insert},"
        f" {consumer.restarts} restarts, {memory}"
    )


def _consumers(pool: WorkerPool) -> Iterator[ConsumerState]:
    for slot in pool.slots:
        yield _in_slot(slot)
    passing: Iterable[ConsumerProcess] = pool.leaving
    for consumer in [*passing, *([pool.arriving] if pool.arriving else [])]:
        yield _state_of(consumer, _doing(consumer), 0)


def _in_slot(slot: Slot) -> ConsumerState:
    if slot.consumer is None:
        word = "crash loop" if slot.is_crash_looping else "respawning"
        return ConsumerState(slot.number, None, None, word, 0.0, 0, None, slot.restarts, None)
    is_looping = slot.is_crash_looping and not slot.consumer.is_hung
    word = "crash loop" if is_looping else _doing(slot.consumer)
    return _state_of(slot.consumer, word, slot.restarts)


def _doing(consumer: ConsumerProcess) -> str:
    if consumer.is_hung:
        return "hung"
    if consumer.is_draining:
        return "draining"
    if not consumer.has_worked:
        return "booting"
    return "reading" if consumer.heartbeat.is_resting else "working"


def _state_of(consumer: ConsumerProcess, word: str, restarts: int) -> ConsumerState:
    inserted_at = consumer.heartbeat.inserted_at
    return ConsumerState(
        number=consumer.number,
        pid=consumer.pid,
        name=consumer.name,
        state=word,
        clicks_per_second=round(consumer.clicks.per_second(), 1),
        clicks=consumer.heartbeat.clicks,
        last_insert_seconds=round(time.monotonic() - inserted_at, 1) if inserted_at else None,
        restarts=restarts,
        memory_bytes=memory_bytes(consumer.pid),
        stream=consumer.stream,
    )
