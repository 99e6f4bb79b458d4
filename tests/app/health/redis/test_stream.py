from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from app.health.check import Check
from app.health.redis.stream import (
    Backlog,
    StreamNames,
    judge_backlog,
    judge_dead_letters,
    judge_workers,
    stream_checks,
)
from app.health.worker_status import ConsumerState, WorkersState, WorkerStates
from app.stores.redis.client import connect

NAMES = StreamNames("clicks:stream", "analytics-group", "clicks:dead", maxlen=1000, block_ms=5000)


@pytest.fixture
def client(redis_url: str) -> Iterator[Any]:
    with connect(redis_url, timeout_seconds=30) as client:
        yield client


def look(client: Any, url: str) -> dict[str, Check]:
    return {check.name: check for check in stream_checks(client, url, NAMES)}


def test_a_stream_that_no_worker_ever_saw_is_a_failure(client: Any, redis_url: str) -> None:
    assert look(client, redis_url)["workers"].state == "fail"
    client.xadd(NAMES.stream, {"n": "1"})
    client.xgroup_create(NAMES.stream, "another", "0")
    found = look(client, redis_url)["workers"]
    assert (found.state, found.text) == (
        "fail",
        "stream clicks:stream has no group analytics-group: no worker ever ran",
    )


def test_a_group_that_reads_and_acks_is_well(client: Any, redis_url: str) -> None:
    client.xgroup_create(NAMES.stream, NAMES.group, "0", mkstream=True)
    entry_id = client.xadd(NAMES.stream, {"n": "1"})
    client.xreadgroup(NAMES.group, "one", {NAMES.stream: ">"})
    client.xack(NAMES.stream, NAMES.group, entry_id)
    found = look(client, redis_url)
    assert [found[name].text for name in ("backlog", "workers", "dead letters")] == [
        "every click is inserted",
        "1 consuming",
        "none",
    ]


def test_a_group_that_nobody_reads_with_is_told_of_since_it_keeps_all_from_being_trimmed(
    client: Any, redis_url: str
) -> None:
    client.xgroup_create(NAMES.stream, NAMES.group, "0", mkstream=True)
    client.xgroup_create(NAMES.stream, "trial", "0")
    assert look(client, redis_url)["other groups"].state == "ok"
    client.xadd(NAMES.stream, {"n": "1"}, id="1000-1")
    client.xack(NAMES.stream, NAMES.group, *_read(client, NAMES.group))
    found = look(client, redis_url)["other groups"]
    assert found.state == "warn"
    assert found.text.startswith("what trial left, up to ")
    assert found.mend.endswith("redis-cli XGROUP DESTROY clicks:stream trial")
    entry_ids = _read(client, "trial")
    assert look(client, redis_url)["other groups"].state == "warn"
    client.xack(NAMES.stream, "trial", *entry_ids)
    assert look(client, redis_url)["other groups"].text == "trial: up to date"


def _read(client: Any, group: str) -> list[bytes]:
    [[_, entries]] = client.xreadgroup(group, "one", {NAMES.stream: ">"})
    return [entry_id for entry_id, _ in entries]


def test_old_unread_and_pending_entries_are_a_backlog(client: Any, redis_url: str) -> None:
    client.xgroup_create(NAMES.stream, NAMES.group, "0", mkstream=True)
    client.xadd(NAMES.stream, {"n": "1"}, id="1000-1")
    client.xadd(NAMES.stream, {"n": "2"}, id="2000-1")
    client.xreadgroup(NAMES.group, "one", {NAMES.stream: ">"}, count=1)
    found = look(client, redis_url)["backlog"]
    assert found.state == "fail"
    assert found.text.startswith("1 unread, 1 pending, the oldest ")


def test_a_group_without_consumers_is_a_failure(client: Any, redis_url: str) -> None:
    client.xgroup_create(NAMES.stream, NAMES.group, "0", mkstream=True)
    assert look(client, redis_url)["workers"].text == "the group has no consumer"


def test_dead_letters_are_counted(client: Any, redis_url: str) -> None:
    client.xadd(NAMES.dead_stream, {"reason": "missing_field"})
    found = look(client, redis_url)["dead letters"]
    assert (found.state, found.text) == ("warn", "1 entries could not be processed")


@pytest.mark.parametrize(
    ("unread", "pending", "oldest_seconds", "state"),
    [
        (0, 0, None, "ok"),
        (10, 5, 2.0, "ok"),
        (10, 5, 31.0, "warn"),
        (0, 5, 301.0, "fail"),
        (501, 0, 1.0, "warn"),
        (801, 0, 1.0, "fail"),
        (None, 0, 1.0, "ok"),
    ],
)
def test_a_backlog_is_judged_by_its_age_and_by_how_full_the_stream_is(
    unread: int | None, pending: int, oldest_seconds: float | None, state: str
) -> None:
    assert judge_backlog(Backlog(unread, pending, oldest_seconds), maxlen=1000).state == state


@pytest.mark.parametrize(
    ("idle_seconds", "is_quiet", "idle_means_silent", "state"),
    [
        ([1.0], False, True, "ok"),
        ([900.0, 14.0], False, True, "ok"),
        ([16.0], True, True, "fail"),
        ([16.0], False, False, "fail"),
        ([16.0], True, False, "warn"),
        ([], True, False, "fail"),
    ],
)
def test_workers_are_judged_by_their_silence(
    idle_seconds: list[float], is_quiet: bool, idle_means_silent: bool, state: str
) -> None:
    check = judge_workers(
        idle_seconds,
        running=0,
        block_seconds=5,
        is_quiet=is_quiet,
        idle_means_silent=idle_means_silent,
    )
    assert check.state == state


def test_workers_that_run_and_do_not_read_are_not_told_to_be_started(
    client: Any, redis_url: str
) -> None:
    client.xgroup_create(NAMES.stream, NAMES.group, "0", mkstream=True)
    client.xgroup_createconsumer(NAMES.stream, NAMES.group, "one")
    client.xadd(NAMES.stream, {"n": "1"})
    states = WorkerStates(client, redis_url, NAMES.stream, NAMES.group)
    consumer = ConsumerState(1, 7, "one", "working", 0.0, 0, None, 0, 1)
    states.publish(WorkersState("host", 1, "running", 1, 1, 0, (consumer,)), "host-1")
    # However short ago it was made, it has been silent for longer.
    short = replace(NAMES, block_ms=-60_000)
    found = {check.name: check for check in stream_checks(client, redis_url, short)}["workers"]
    assert (found.state, "start" in found.mend) == ("fail", False)
    assert "1 run, and none has read" in found.text


def test_no_dead_letters_is_well() -> None:
    assert judge_dead_letters(0).state == "ok"
