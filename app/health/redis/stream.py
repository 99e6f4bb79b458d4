"""Checks that ask whether clicks get to ClickHouse: the group, its backlog, its consumers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from app.config.settings import Settings
from app.health.check import Check, fail, ok, warn
from app.health.worker_status import WorkerStates, readers
from app.stores.redis.client import server_version
from app.stores.redis.errors import RedisRefused, translated
from app.stores.shards import unsharded_key
from app.webhooks.webhook import group_of

if TYPE_CHECKING:
    import redis

#: Age of the oldest click that is not inserted yet, in seconds.
_WARN_AGE_SECONDS = 30.0
_FAIL_AGE_SECONDS = 300.0
#: Part of the stream's bound that unread entries fill.
_WARN_FILL = 0.5
_FAIL_FILL = 0.8
#: How much longer than its BLOCK a living consumer may be silent: it inserts and acks meanwhile.
_SILENT_SECONDS = 10.0
#: From this version on, a consumer that asks and gets nothing is not idle.
_IDLE_MEANS_SILENT = (7, 2)
_START_WORKERS = "start the workers: `hopline workers`, and look at their log"


@dataclass(frozen=True, slots=True)
class StreamNames:
    """Which stream is looked at, and what its settings promise.

    Attributes:
        maxlen: entries that the stream may hold.
        block_ms: how long a consumer's read waits.
    """

    stream: str
    group: str
    dead_stream: str
    maxlen: int
    block_ms: int

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the names that the settings give."""
        return cls(
            settings.stream,
            settings.group,
            settings.dead_stream,
            settings.stream_maxlen,
            settings.block_ms,
        )


@dataclass(frozen=True, slots=True)
class Backlog:
    """What the group has still to do.

    Attributes:
        unread: entries that no consumer has read, None where Redis can't tell.
        pending: entries read and not acked.
        oldest_seconds: age of the oldest of both, None without any.
    """

    unread: int | None
    pending: int
    oldest_seconds: float | None


def stream_checks(client: "redis.Redis", url: str, names: StreamNames) -> Iterator[Check]:
    """Yield the findings about the click stream and its group.

    Raises:
        RedisUnavailable, RedisRefused: Redis doesn't answer as it should.
    """
    with translated(url):
        groups = _groups(client, url, names.stream)
        group = find_group(groups, names.group)
        if group is None:
            text = f"stream {names.stream} has no group {names.group}: no worker ever ran"
            yield fail("workers", text, _START_WORKERS)
        else:
            backlog = _backlog(client, names, group)
            yield judge_backlog(backlog, names.maxlen)
            yield judge_workers(
                _idle_seconds(client, names),
                running=_running(client, url, names),
                block_seconds=names.block_ms / 1000,
                is_quiet=backlog.oldest_seconds is None,
                idle_means_silent=server_version(client)[1] >= _IDLE_MEANS_SILENT,
            )
        others = {one["name"].decode(): one for one in groups if one is not group}
        # Nobody waits for that one: see app/webhooks.
        others.pop(group_of(names.group), None)
        if others:
            yield judge_other_groups(
                {
                    name: _backlog(client, replace(names, group=name), one).oldest_seconds or 0.0
                    for name, one in others.items()
                },
                names.stream,
            )
        yield judge_dead_letters(client.xlen(names.dead_stream))


def read_backlogs(client: "redis.Redis", url: str, shards: Iterable[StreamNames]) -> Backlog | None:
    """Return what the group has still to do in all streams, None while it is missing in one.

    Raises:
        RedisUnavailable, RedisRefused: Redis doesn't answer as it should.
    """
    found = [read_backlog(client, url, names) for names in shards]
    backlogs = [one for one in found if one is not None]
    return added_up(backlogs) if len(backlogs) == len(found) else None


def added_up(backlogs: Sequence[Backlog]) -> Backlog:
    """Return what there is to do in all."""
    unread = [one.unread for one in backlogs if one.unread is not None]
    ages = [one.oldest_seconds for one in backlogs if one.oldest_seconds is not None]
    return Backlog(
        unread=sum(unread) if len(unread) == len(backlogs) else None,
        pending=sum(one.pending for one in backlogs),
        oldest_seconds=max(ages, default=None),
    )


def read_backlog(client: "redis.Redis", url: str, names: StreamNames) -> Backlog | None:
    """Return what a group has still to do, None while there is no such group.

    Raises:
        RedisUnavailable, RedisRefused: Redis doesn't answer as it should.
    """
    with translated(url):
        group = find_group(_groups(client, url, names.stream), names.group)
        return _backlog(client, names, group) if group else None


def find_group(groups: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any] | None:
    """Return the group of a name among those of XINFO GROUPS."""
    return next((group for group in groups if group["name"] == name.encode()), None)


def judge_backlog(backlog: Backlog, maxlen: int) -> Check:
    """Judge what waits to be read or inserted."""
    unread = "an unknown number" if backlog.unread is None else f"{backlog.unread:,}"
    text = f"{unread} unread, {backlog.pending:,} pending"
    if backlog.oldest_seconds is None:
        return ok("backlog", "every click is inserted")
    age = backlog.oldest_seconds
    text += f", the oldest {age:,.0f} s old"
    fill = (backlog.unread or 0) / maxlen
    mend = "see whether workers and ClickHouse are well; more HOPLINE_CONSUMERS catch up faster"
    if age > _FAIL_AGE_SECONDS or fill > _FAIL_FILL:
        return fail("backlog", text, mend)
    if age > _WARN_AGE_SECONDS or fill > _WARN_FILL:
        return warn("backlog", text, mend)
    return ok("backlog", text)


def judge_workers(
    idle_seconds: Sequence[float],
    *,
    running: int,
    block_seconds: float,
    is_quiet: bool,
    idle_means_silent: bool,
) -> Check:
    """Judge how long each consumer of the group has been idle.

    Args:
        running: how many consumers their supervisors say to be running.
        block_seconds: how long a read of theirs waits.
        is_quiet: whether there is nothing for them to do.
        idle_means_silent: whether asking in vain ends a consumer's idle time; before Redis 7.2
            it doesn't, and one without traffic can't be told from a dead one.
    """
    alive = sum(idle <= block_seconds + _SILENT_SECONDS for idle in idle_seconds)
    if alive:
        return ok("workers", f"{alive} consuming")
    if running and not is_quiet:
        since = f" for {min(idle_seconds):,.0f} s" if idle_seconds else ""
        text = f"{running} run, and none has read{since}: they can't insert, or have stopped to"
        return fail("workers", text, "see the findings about ClickHouse, and the workers' log")
    if not idle_seconds:
        return fail("workers", "the group has no consumer", _START_WORKERS)
    text = f"no consumer has read for {min(idle_seconds):,.0f} s"
    if is_quiet and not idle_means_silent:
        text += ", and before Redis 7.2 one without traffic looks like a dead one"
        return warn("workers", text, "click a link and look again")
    return fail("workers", text, _START_WORKERS)


def judge_other_groups(ages_seconds: Mapping[str, float], stream: str) -> Check:
    """Judge groups that are not ours: what one of them has not finished is trimmed for nobody.

    One that nobody reads with any more, from a test or of another HOPLINE_GROUP, fills Redis.

    Args:
        ages_seconds: of the oldest entry that each has not finished, by its name.
    """
    behind = [name for name, age in ages_seconds.items() if age > _FAIL_AGE_SECONDS]
    if not behind:
        return ok("other groups", f"{', '.join(ages_seconds)}: up to date")
    oldest = max(ages_seconds.values())
    text = f"what {', '.join(behind)} left, up to {oldest:,.0f} s old, keeps Redis from trimming"
    mend = "have its program read on; if there is none: " + "; ".join(
        f"redis-cli XGROUP DESTROY {stream} {name}" for name in behind
    )
    return warn("other groups", text, mend)


def judge_dead_letters(count: int) -> Check:
    """Judge how many entries were given up."""
    if not count:
        return ok("dead letters", "none")
    mend = "read their reasons: `hopline dead list`"
    return warn("dead letters", f"{count:,} entries could not be processed", mend)


def _groups(client: "redis.Redis", url: str, stream: str) -> list[dict[str, Any]]:
    try:
        with translated(url):
            return client.xinfo_groups(stream)
    except RedisRefused as error:
        if "no such key" in str(error):
            return []
        raise


def _backlog(client: "redis.Redis", names: StreamNames, group: Mapping[str, Any]) -> Backlog:
    after = b"(" + group["last-delivered-id"]
    unread = client.xrange(names.stream, min=after, count=1) or []
    pending = client.xpending(names.stream, names.group)
    oldest = [pending["min"]] if pending["min"] else []
    oldest += [entry_id for entry_id, _ in unread]
    now = client.time()[0]
    ages = [max(0.0, now - int(entry_id.partition(b"-")[0]) / 1000) for entry_id in oldest]
    return Backlog(
        unread=group.get("lag") if unread else 0,
        pending=pending["pending"],
        oldest_seconds=max(ages, default=None),
    )


def _running(client: "redis.Redis", url: str, names: StreamNames) -> int:
    unsharded = unsharded_key(names.stream)
    return readers(WorkerStates(client, url, unsharded, names.group).all(), unsharded)[names.stream]


def _idle_seconds(client: "redis.Redis", names: StreamNames) -> list[float]:
    consumers = client.xinfo_consumers(names.stream, names.group)
    return [consumer["idle"] / 1000 for consumer in consumers]
