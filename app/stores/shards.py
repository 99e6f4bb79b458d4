"""Shards of the click stream by their hash tags, which are at the ends of their keys."""

#: Hash tags of the shards of the click stream, in the order in which they are taken into use. Each
#: lies in the middle of its sixteenth of a Redis Cluster's slots, and the order is that of the bits
#: of their numbers reversed: so of 2, 4, 8 and 16 shards each has as many slots around it, and
#: those in use keep their names when there are more. Plain digits would fall badly: of 0 to 3 two
#: are in one third.
SHARD_TAGS = (
    *("u0", "ly", "d2", "9s", "dj", "uv", "uh", "dt"),
    *("qp", "h9", "pv", "qn", "wz", "q6", "iy", "ha"),
)


def shard_tag(key: str) -> str:
    """Return the hash tag at the end of a shard's key; '' for that of the stream without shards."""
    end = key.rpartition(":")[2]
    tag = end[1:-1]
    return tag if end == f"{{{tag}}}" and tag in SHARD_TAGS else ""


def unsharded_key(key: str) -> str:
    """Return the key of the stream without shards that a shard's key was made from."""
    return key.rpartition(":")[0] if shard_tag(key) else key
