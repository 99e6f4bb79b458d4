from collections.abc import Iterator
from typing import Any

import pytest

from app.config.settings import Settings
from app.config.shards import shards_of
from app.health.check import Check, ok, warn
from app.health.redis.shards import (
    Contents,
    judge_left,
    judge_use,
    of_each,
    shard_checks,
    shard_use_checks,
)
from app.health.worker_status import ConsumerState, WorkersState, WorkerStates
from app.stores.keys import batches_key
from app.stores.redis.client import connect
from tests.conftest import MakeSettings

NAMES = ["clicks:stream:{u0}", "clicks:stream:{ly}", "clicks:stream:{d2}", "clicks:stream:{9s}"]
UNSHARDED = "clicks:stream"


@pytest.fixture
def client(redis_url: str) -> Iterator[Any]:
    with connect(redis_url, timeout_seconds=30) as client:
        yield client


@pytest.fixture
def four(redis_url: str, make_settings: MakeSettings, client: Any) -> Settings:
    """Settings of four shards, each with its group."""
    settings = make_settings(redis_url=redis_url, stream_shards=4)
    for shard in shards_of(settings):
        client.xgroup_create(shard.stream, shard.group, "0", mkstream=True)
    return settings


def publish(client: Any, settings: Settings, *streams: str) -> None:
    """Show consumers that read these streams."""
    consumers = tuple(
        ConsumerState(1, 4711, "me", "reading", 0.0, 0, None, 0, None, stream) for stream in streams
    )
    state = WorkersState("web", 1, "running", len(streams), None, None, consumers)
    WorkerStates(client, settings.redis_url, settings.stream, settings.group).publish(
        state, "web-1"
    )


def look(client: Any, settings: Settings) -> dict[str, list[Check]]:
    found: dict[str, list[Check]] = {}
    for check in shard_checks(client, settings.redis_url, settings):
        found.setdefault(check.name, []).append(check)
    return found


def holding(*entries: int) -> list[Contents]:
    return [Contents(name, count, 0, 0) for name, count in zip(NAMES, entries, strict=True)]


def test_what_is_well_everywhere_is_said_once_and_what_is_not_by_stream() -> None:
    found = [
        ("a", ok("backlog", "none")),
        ("b", ok("backlog", "none")),
        ("a", ok("workers", "one")),
        ("b", warn("workers", "nobody", "start one")),
    ]
    assert list(of_each(found)) == [
        ok("backlog", "well in all 2 streams"),
        warn("workers", "b: nobody", "start one"),
    ]


def test_a_shard_with_a_backlog_and_one_with_a_letter_are_named(
    client: Any, four: Settings
) -> None:
    client.xadd(NAMES[1], {"n": "1"}, id="1000-0")
    client.xadd("clicks:dead:{d2}", {"n": "1"})
    found = look(client, four)
    assert [check.text[:18] for check in found["backlog"]] == [NAMES[1]]
    assert [check.text[:18] for check in found["dead letters"]] == [
        "clicks:stream:{d2}: 1 entries"[:18]
    ]


def test_a_shard_whose_consumers_can_not_read_is_known_by_its_own(
    client: Any, four: Settings
) -> None:
    client.xadd(NAMES[0], {"n": "1"})
    client.xadd(NAMES[1], {"n": "1"})
    publish(client, four, UNSHARDED, NAMES[0])
    texts = [check.text for check in look(client, four)["workers"]]
    assert f"{NAMES[0]}: 1 run, and none has read: they can't insert, or have stopped to" in texts
    assert f"{NAMES[1]}: the group has no consumer" in texts


@pytest.mark.parametrize(
    ("entries", "enough"),
    [((0, 0, 0, 0), 1), ((5, 0, 0, 0), 2), ((0, 5, 0, 0), 2), ((0, 0, 5, 0), 3)],
)
def test_with_how_many_shards_workers_could_do_is_said(
    entries: tuple[int, ...], enough: int
) -> None:
    assert f"HOPLINE_STREAM_SHARDS={enough} will do" in judge_use(holding(*entries), "s", 2).text


def test_while_the_last_shard_holds_something_all_are_needed() -> None:
    assert judge_use(holding(0, 0, 0, 1), "s", 2).text == "4 are written, and s is read, too"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda client: client.xadd(NAMES[3], {"n": "1"}),
        lambda client: client.xadd("clicks:dead:{9s}", {"n": "1"}),
        lambda client: client.hset(batches_key(NAMES[3], "analytics-group"), "batch", "0 me"),
    ],
)
def test_entries_letters_and_batches_keep_a_shard_in_use(
    client: Any, four: Settings, spoil: Any
) -> None:
    assert "will do" in look(client, four)["shards"][0].text
    spoil(client)
    assert "will do" not in look(client, four)["shards"][0].text


def test_a_pending_entry_that_was_trimmed_keeps_a_shard_in_use(client: Any, four: Settings) -> None:
    client.xadd(NAMES[3], {"n": "1"})
    client.xreadgroup("analytics-group", "me", {NAMES[3]: ">"})
    client.xtrim(NAMES[3], maxlen=0, approximate=False)
    assert "will do" not in look(client, four)["shards"][0].text


def test_a_shard_that_was_left_with_unfinished_clicks_is_a_failure(
    client: Any, four: Settings
) -> None:
    client.xadd(NAMES[3], {"n": "1"})
    two = four.model_copy(update={"stream_shards": 2})
    [check] = look(client, two)["shards left"]
    assert check.state == "fail"
    assert check.text.startswith(f"nobody reads {NAMES[3]}: 1 unfinished clicks, 0 dead letters")
    assert "HOPLINE_STREAM_SHARDS=4" in check.mend


def test_one_that_others_still_read_is_well(client: Any, four: Settings) -> None:
    client.xadd(NAMES[3], {"n": "1"})
    publish(client, four, *NAMES)
    one = four.model_copy(update={"stream_shards": 1})
    [check] = look(client, one)["shards left"]
    assert check.state == "ok"


def test_finished_clicks_that_nobody_trims_are_a_warning() -> None:
    assert judge_left([Contents(NAMES[0], 7, 0, 0)], (), 2).state == "warn"
    assert judge_left([Contents(NAMES[0], 0, 0, 1)], (), 2).state == "fail"


def test_without_shards_nothing_is_said_of_any(client: Any, make_settings: MakeSettings) -> None:
    found = look(client, make_settings())
    assert not found.keys() & {"shards", "shards left"}


def test_what_may_be_done_is_tried_with_a_hash_tag_and_without(client: Any, four: Settings) -> None:
    checks = list(shard_use_checks(client, four.redis_url, four))
    assert [check.text for check in checks] == ["well in all 2 streams"] * 2
    # As before there were shards.
    keys = ["clicks:stream", "clicks:dead", "{clicks:*}:*", "link*", "{api}:*", "visitors:salt:*"]
    client.acl_setuser("old", enabled=True, nopass=True, commands=["+@all"], keys=keys)
    url = four.redis_url.replace("redis://", "redis://old:any@")
    with connect(url, timeout_seconds=30) as as_old:
        checks = list(shard_use_checks(as_old, url, four))
    client.acl_deluser("old")
    assert {check.state for check in checks} == {"fail"}
    assert all(check.text.startswith(f"{NAMES[0]}: ") for check in checks)
