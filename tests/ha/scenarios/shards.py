"""Scenario in which clicks are spread over four streams, and brought together again."""

from pathlib import Path
from typing import Any

from app.config.settings import Settings
from app.config.shards import written_shards
from tests.chaos.accounts.settle import backlog_of
from tests.ha.monitors.stream_tail import StreamTail
from tests.ha.options import Asked, Options
from tests.ha.scenarios.scenario import Scenario
from tests.ha.stage import Stage
from tests.ha.testbed.clickhouse_side import OneClickHouse
from tests.ha.testbed.redis_side import OneRedis
from tests.ha.testbed.testbed import Testbed
from tests.support.servers import store_binary

_SHARDS = 4
_ONE = {"stream_shards": 1, "consumers": 2}
#: A consumer reads one stream, and the one without shards is read, too.
_FOUR = {"stream_shards": _SHARDS, "consumers": _SHARDS + 1}
#: A redirect worker goes on to the next shard every ten.
_ON_SECONDS = 11.0
TUNING = {
    **_ONE,
    "insert_seconds": 0.2,
    # Finished entries have to be gone before a shard is left; nobody here replays them.
    "replay_horizon_seconds": 1.0,
}


def _set_up(folder: Path, asked: Asked, _: Options) -> Testbed:
    redis_side = OneRedis(folder, store_binary(asked.store))
    return Testbed(folder, redis_side, OneClickHouse(folder), **TUNING)


def grow_and_shrink(stage: Stage) -> None:
    """Go from one stream to four and back, as docs/sharding.md has it, host by host."""
    testbed = stage.testbed
    one = testbed.settings
    four = one.model_copy(update=_FOUR)
    first, many = (_written(settings) for settings in (one, four))
    # On a cluster the one shard stays among the four.
    left = [name for name in first if name not in many]
    come = [name for name in many if name not in first]
    tail = stage.watch(StreamTail(testbed.redis, [*left, *many]))
    stage.warm()
    _restart(stage, "workers", "four shards", _FOUR)
    _restart(stage, "redirect", "four shards", _FOUR)
    testbed.settings = four
    stage.calm()
    before = _last_ids(testbed, left)
    stage.rest(_ON_SECONDS)
    stage.expect("streams written beside the four", found=_last_ids(testbed, left) != before)
    stage.expect("streams that don't run dry", found=_are_used(testbed, left))
    stage.audit()
    written = {last_id for last_id in _last_ids(testbed, many) if last_id != b"0-0"}
    stage.noted["shards that were written"] = len(written)
    _restart(stage, "redirect", "one stream", _ONE)
    stage.calm()
    is_empty = testbed.wait(lambda: not _hold(testbed, come), stage.options.settle_seconds)
    stage.expect("shards that don't run dry", found=not is_empty, needs_calm=True)
    _restart(stage, "workers", "one stream", _ONE)
    testbed.settings = one
    stage.calm()
    stage.entries = tail.entries


def _restart(stage: Stage, service: str, text: str, settings: dict[str, int]) -> None:
    for host in stage.testbed.hosts:
        stage.strike(f"{service} of {host.name}: {text}", is_blow=False)
        if service == "workers":
            host.restart_workers(**settings)
        else:
            host.restart_redirect(**settings)
        stage.testbed.wait_until_ready()


def _written(settings: Settings) -> list[str]:
    return [shard.stream for shard in written_shards(settings)]


def _last_ids(testbed: Testbed, streams: list[str]) -> list[bytes]:
    """Return the id of the last entry that was ever written to each."""
    with testbed.redis() as client:
        said: list[Any] = [client.xinfo_stream(stream) for stream in streams]
    return [one["last-generated-id"] for one in said]


def _are_used(testbed: Testbed, streams: list[str]) -> bool:
    """Tell whether any of them has what nobody has finished."""
    with testbed.redis() as client:
        return any(backlog_of(client, stream) != (False, 0) for stream in streams)


def _hold(testbed: Testbed, streams: list[str]) -> bool:
    """Tell whether any of them holds anything at all."""
    with testbed.redis() as client:
        has_entries = any(client.xlen(stream) for stream in streams)
    return has_entries or _are_used(testbed, streams)


SCENARIOS = (
    Scenario(
        "shards",
        f"from one stream to {_SHARDS} and back, host by host",
        _set_up,
        grow_and_shrink,
        Stage.conclude_audits,
        judges=(),
    ),
)
