"""Shards that the click stream is divided into: what they are called, who reads and writes which.

A shard's settings are those of an installation whose only stream it is: whoever knows of one stream
takes them, and need not know of others. The stream without shards stays one that is read and never
written by us: other producers know its name, and what is in it when shards are added runs dry.

On a cluster clicks go to shards however many there are, one as well: only what has a hash tag is
in one slot with its dead letters.
"""

from zlib import crc32

from app.config.settings import Settings
from app.config.variables import variable
from app.stores.keys import dead_key_beside, shard_key
from app.stores.redis.address import is_cluster
from app.stores.redis.cluster import slot_of
from app.stores.shards import SHARD_TAGS


def shards_of(settings: Settings) -> tuple[Settings, ...]:
    """Return the settings of every stream that is read, the one without shards first."""
    written = written_shards(settings)
    return written if written == (settings,) else (_unsharded(settings), *written)


def written_shards(settings: Settings) -> tuple[Settings, ...]:
    """Return the settings of every stream that our clicks are written to.

    Together they may hold as much as the one without shards.
    """
    if not _is_spread(settings):
        return (settings,)
    return tuple(_shard(settings, number) for number in range(settings.stream_shards))


def further_shards(settings: Settings) -> tuple[Settings, ...]:
    """Return the settings of every shard that is not in use, but was if there were more before."""
    first = settings.stream_shards if _is_spread(settings) else 0
    return tuple(_shard(settings, number) for number in range(first, len(SHARD_TAGS)))


def shard_of_place(settings: Settings, place: int, host: str) -> Settings:
    """Return the settings of the one stream that a host's consumer reads.

    The first places read each stream once, so that every host reads all of them, whichever others
    are away. Further ones go to those that are written, and on each host begin with another.

    Args:
        place: the consumer's, counted from 0.
    """
    read = shards_of(settings)
    if place < len(read):
        return read[place]
    written = written_shards(settings)
    return written[(place - len(read) + crc32(host.encode())) % len(written)]


def refusal(settings: Settings) -> str:
    """Say why workers can't run with these settings; '' where they can."""
    needed = len(shards_of(settings))
    if settings.consumers >= needed:
        return ""
    shards, consumers = variable("stream_shards"), variable("consumers")
    return (
        f"{shards}={settings.stream_shards} needs {consumers}={needed} at least, and it is"
        f" {settings.consumers}: a consumer reads one stream, and {settings.stream} is read, too"
    )


def _is_spread(settings: Settings) -> bool:
    if settings.stream_shards > 1 or not is_cluster(settings.redis_url):
        return settings.stream_shards > 1
    # What is one shard already has all in one slot.
    return slot_of(settings.stream) != slot_of(settings.dead_stream)


def _unsharded(settings: Settings) -> Settings:
    names = {}
    if is_cluster(settings.redis_url):
        names["dead_stream"] = dead_key_beside(settings.stream)
    return settings.model_copy(update={"stream_shards": 1, **names})


def _shard(settings: Settings, number: int) -> Settings:
    share = {
        name: max(1, getattr(settings, name) // settings.stream_shards)
        for name in ("stream_maxlen", "dead_maxlen", "dead_max_bytes")
    }
    names = {
        name: shard_key(getattr(settings, name), SHARD_TAGS[number])
        for name in ("stream", "dead_stream")
    }
    # Once for a server: by who reads the stream without shards. Of a cluster any node may hold one.
    rewrites = settings.aof_rewrite and is_cluster(settings.redis_url)
    changed = {"stream_shards": 1, "aof_rewrite": rewrites, **names, **share}
    return settings.model_copy(update=changed)
