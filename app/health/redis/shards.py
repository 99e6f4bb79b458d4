"""Checks that ask how the streams fare among which clicks are shared, and which can be left."""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.config.settings import Settings
from app.config.shards import further_shards, shards_of, written_shards
from app.config.variables import variable
from app.health.check import Check, fail, ok, warn
from app.health.redis.stream import StreamNames, read_backlog, stream_checks
from app.health.redis.use import use_checks
from app.health.worker_status import WorkerStates, readers
from app.stores.keys import batches_key
from app.stores.redis.address import is_cluster
from app.stores.redis.errors import translated
from app.stores.shards import SHARD_TAGS, shard_tag

if TYPE_CHECKING:
    import redis

_VARIABLE = variable("stream_shards")


@dataclass(frozen=True, slots=True)
class Contents:
    """What a shard holds.

    Attributes:
        entries: finished ones included, which wait for the replay horizon.
        unfinished: entries and batches that workers have not finished.
        letters: dead letters.
    """

    stream: str
    entries: int
    unfinished: int
    letters: int

    @property
    def is_empty(self) -> bool:
        """Whether nobody would miss its readers."""
        return not (self.entries or self.unfinished or self.letters)

    @property
    def number(self) -> int:
        """Which shard it is, counted from 1."""
        return SHARD_TAGS.index(shard_tag(self.stream)) + 1


def shard_checks(client: "redis.Redis", url: str, settings: Settings) -> Iterator[Check]:
    """Yield the findings about every stream and its group, and of shards that can be left.

    Raises:
        RedisUnavailable, RedisRefused: Redis doesn't answer as it should.
    """
    shards = [StreamNames.of(shard) for shard in shards_of(settings)]
    # Of one server, with one clicks go to the stream without shards, and no shard is read.
    least = 1 if is_cluster(url) else 2
    if len(shards) == 1:
        yield from stream_checks(client, url, shards[0])
    else:
        yield from of_each(
            (names.stream, check) for names in shards for check in stream_checks(client, url, names)
        )
        written = [_contents(client, url, shard) for shard in written_shards(settings)]
        yield judge_use(written, shards[0].stream, least)
    former = (_contents(client, url, shard) for shard in further_shards(settings))
    if left := [one for one in former if not one.is_empty]:
        unsharded, group = shards[0].stream, shards[0].group
        count = readers(WorkerStates(client, url, unsharded, group).all(), unsharded)
        yield judge_left(left, {stream for stream, number in count.items() if number}, least)


def shard_use_checks(client: "redis.Redis", url: str, settings: Settings) -> Iterator[Check]:
    """Yield what may be done with a stream without a hash tag, and with one that has any."""
    shards = shards_of(settings)[:2]
    found = (
        (shard.stream, check)
        for shard in shards
        for check in use_checks(client, url, shard.stream, shard.group, shard.dead_stream)
    )
    return of_each(found) if len(shards) > 1 else (check for _, check in found)


def of_each(found: Iterable[tuple[str, Check]], what: str = "streams") -> Iterator[Check]:
    """Yield findings about several things: what isn't well by its name, what is well at once.

    Args:
        what: they are.
    """
    by_name: dict[str, list[tuple[str, Check]]] = {}
    for whose, check in found:
        by_name.setdefault(check.name, []).append((whose, check))
    for name, checks in by_name.items():
        wrong = [(whose, check) for whose, check in checks if check.state != "ok"]
        for whose, check in wrong:
            yield replace(check, text=f"{whose}: {check.text}")
        if not wrong:
            yield ok(name, f"well in all {len(checks)} {what}")


def judge_use(written: list[Contents], unsharded: str, least: int) -> Check:
    """Say how many shards there are, and with how many workers could do.

    Args:
        least: number of shards at which the first one is read.
    """
    held = max((one.number for one in written if not one.is_empty), default=0)
    needed = max(least, held) if held else 1
    text = f"{len(written)} are written, and {unsharded} is read, too"
    if needed < len(written):
        text += f"; the last are empty: {_VARIABLE}={needed} will do, once all redirects have it"
    return ok("shards", text)


def judge_left(left: list[Contents], read: Container[str], least: int) -> Check:
    """Judge shards that are not in use by these settings and not empty: others have or had more.

    Args:
        read: those that somebody reads.
        least: number of shards at which the first one is read.
    """
    unread = [one for one in left if one.stream not in read]
    names = ", ".join(one.stream for one in unread or left)
    if not unread:
        return ok("shards left", f"workers with more shards than these settings go on with {names}")
    unfinished = sum(one.unfinished for one in unread)
    letters = sum(one.letters for one in unread)
    text = (
        f"nobody reads {names}: {unfinished:,} unfinished clicks, {letters:,} dead letters,"
        f" {sum(one.entries for one in unread):,} entries in all"
    )
    needed = max(least, *(one.number for one in unread))
    mend = (
        f"run the workers with {_VARIABLE}={needed} until doctor"
        " says that fewer will do, and settle the dead letters: docs/sharding.md"
    )
    return (fail if unfinished or letters else warn)("shards left", text, mend)


def _contents(client: "redis.Redis", url: str, shard: Settings) -> Contents:
    with translated(url):
        entries = client.xlen(shard.stream)
        letters = client.xlen(shard.dead_stream)
        # Their names and owners, few and short; HLEN is no right that workers need.
        batches = len(client.hvals(batches_key(shard.stream, shard.group)))
        backlog = read_backlog(client, url, StreamNames.of(shard))
    # A number of unread that Redis can't tell is one, for somebody to look.
    unfinished = entries if backlog is None else backlog.pending + (backlog.unread or 0)
    if backlog is not None and backlog.unread is None:
        unfinished += 1
    return Contents(shard.stream, entries, unfinished + batches, letters)
