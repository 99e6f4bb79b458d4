"""Replays over several shards, and real stores."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.clicks.click import Click, to_fields
from app.config.shards import shards_of
from tests.support.producers import make_click
from tests.support.workers.replay_world import GROUP, World, begin
from workers.replay.checkpoint import Notebook, Notes
from workers.replay.finished_entries import NothingProcessed


class Killed(Exception):
    """The replay was killed."""


@pytest.fixture
def world(make_settings, redis_url: str, clicks_url: str) -> Iterator[World]:
    made = World(make_settings(redis_url=redis_url, clickhouse_url=clicks_url, stream_shards=2))
    yield made
    made.close()


def finish(world: World, stream: str, *clicks: Click) -> None:
    """Have the group finish clicks of a shard that ClickHouse then loses."""
    world.redis.xgroup_create(stream, GROUP, "0", mkstream=True)
    for click in clicks:
        world.redis.xadd(stream, to_fields(click))
    read = world.redis.xreadgroup(GROUP, "me", {stream: ">"})
    world.redis.xack(stream, GROUP, *(entry_id for entry_id, _ in read[0][1]))


@pytest.fixture
def clicks(world: World) -> list[Click]:
    """One click in the stream without shards, two in each shard."""
    made = [make_click() for _ in range(5)]
    world.process(made[0], insert=False)
    first, second = (shard.stream for shard in shards_of(world.settings)[1:])
    finish(world, first, *made[1:3])
    finish(world, second, *made[3:])
    return made


def stored(world: World) -> list[bytes]:
    return [click_id for (click_id,) in world.rows("hex(click_id)")]


def test_finished_clicks_of_every_shard_come_back(world: World, clicks: list[Click]) -> None:
    notes = world.replay()
    assert notes.counts["restored"] == 5
    assert stored(world) == sorted(click.click_id.hex().upper() for click in clicks)
    again = world.replay(begin())
    assert (again.counts["read"], again.counts["restored"]) == (5, 0)


def test_one_that_was_killed_goes_on_in_the_shard_where_it_was(
    world: World, clicks: list[Click], tmp_path: Path
) -> None:
    notebook = Notebook(tmp_path, ("typed",))

    def note(notes: Notes) -> None:
        notebook.write(notes)
        if notes.streams_done == 2 and notes.first_id == notes.start_id:
            raise Killed

    with pytest.raises(Killed):
        world.replay(note=note)
    notes = notebook.read()
    assert (notes.streams_done, notes.counts["restored"]) == (2, 3)
    assert world.replay(notes).counts["restored"] == 5
    assert len(stored(world)) == len(clicks)


def test_the_share_that_is_done_only_rises(world: World, clicks: list[Click]) -> None:
    del clicks
    world.replay()
    shares = [share for what, share in world.shares if what == "stream"]
    assert shares == sorted(shares)
    assert max(shares) <= 1


def test_a_shard_that_no_worker_read_is_named(world: World) -> None:
    with pytest.raises(NothingProcessed, match=r"clicks:stream:\{u0\} has no group"):
        world.replay()
