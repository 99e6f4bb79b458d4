"""Checks that try whether Redis takes what Hopline sends: writes, and each command it needs.

Nothing is changed: Redis looks whether a command may be carried out, by its rights, its memory, its
disk and its role, before it looks at what is wrong with it.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from app.health.check import Check, fail, ok
from app.health.redis.advice import advice
from app.stores.keys import (
    API_CHANGES,
    API_KEYS,
    LINK_INDEX,
    leases_key,
    link_key,
    link_uses_key,
    visitor_salt_key,
)
from app.stores.redis.address import is_cluster
from app.stores.redis.errors import RedisError, translated
from app.stores.scripts import script

if TYPE_CHECKING:
    import redis

#: What Redis says of the id 0-0, when nothing else is in the way of an XADD.
_NO_SUCH_ID = "must be greater than 0-0"
#: With names in place of keys.
COMMANDS = """
GET link; SET link 1; DEL link; EXISTS link; MGET link
INCR uses; EXPIRE uses 1
ZADD index 1 a; ZREM index a; ZCARD index; ZRANGE index 0 1; ZREVRANGE index 0 1
ZREVRANGEBYLEX index + -; ZRANGEBYLEX index - +; ZREVRANK index a; ZSCORE index a
ZREMRANGEBYLEX index - +; ZREMRANGEBYSCORE index 0 1
SADD index a; SREM index a; SCARD index; SMEMBERS index
GET salt; SET salt 1
HGET keys a; HSET keys a 1; HGETALL keys; HLEN keys
XADD changes * a 1; XDEL changes 0; XREVRANGE changes + -; XLEN changes
XTRIM changes MAXLEN 1; MEMORY USAGE changes
HGET beside a; HSET beside a 1; HDEL beside a; HGETALL beside; HINCRBY beside a 1; HMGET beside a
HVALS beside; SET beside 1; DEL beside; ZADD beside 1 a
XADD stream * a 1; XACK stream group 0; XAUTOCLAIM stream group a 0 0; XCLAIM stream group a 0 0
XDEL stream 0; XGROUP CREATE stream group 0; XGROUP CREATECONSUMER stream group a
XGROUP DELCONSUMER stream group a; XGROUP SETID stream group 0
XINFO CONSUMERS stream group; XINFO GROUPS stream
XINFO STREAM stream; XLEN stream; XPENDING stream group; XRANGE stream - +; XREAD STREAMS stream 0
XREADGROUP GROUP group a STREAMS stream >; XREVRANGE stream + -; XTRIM stream MAXLEN 1
XADD dead * a 1; XDEL dead 0; XLEN dead; XRANGE dead - +; XREVRANGE dead + -; MEMORY USAGE dead
BGREWRITEAOF; TIME; INFO; PING
"""
#: What a cluster is asked besides.
OF_CLUSTER = "CLUSTER SLOTS; CLUSTER NODES; ASKING"


def use_checks(
    client: "redis.Redis", url: str, stream: str, group: str, dead_stream: str
) -> Iterator[Check]:
    """Yield the findings about writes and rights of the URL's user."""
    yield _writes(client, url, stream)
    names = {
        "link": link_key("doctor"),
        "uses": link_uses_key("doctor"),
        "index": LINK_INDEX,
        "salt": visitor_salt_key("1970-01-01"),
        "keys": API_KEYS,
        "changes": API_CHANGES,
        "beside": leases_key(stream, group),
        "stream": stream,
        "group": group,
        "dead": dead_stream,
    }
    yield _rights(client, url, names, COMMANDS + (OF_CLUSTER if is_cluster(url) else ""))


def _writes(client: "redis.Redis", url: str, stream: str) -> Check:
    try:
        with translated(url):
            client.execute_command("XADD", stream, "NOMKSTREAM", "0-0", "a", "1")  # type: ignore[no-untyped-call]
    except RedisError as error:
        if _NO_SUCH_ID in str(error):
            return ok("redis writes", "taken")
        mend = advice(error) or "see Redis' log"
        return fail("redis writes", f"clicks go to the spool, for {error}", mend)
    return ok("redis writes", "taken")


def _rights(client: "redis.Redis", url: str, names: dict[str, str], commands: str) -> Check:
    words = [
        names.get(word, word)
        for command in commands.replace("\n", ";").split(";")
        if command.strip()
        for word in (*command.split(), "")
    ]
    text = script("app.health.redis", "refused")
    try:
        with translated(url):
            refused = cast("list[bytes]", client.eval(text, 0, *words))
    except RedisError as error:
        return fail("redis rights", str(error), advice(error))
    if refused:
        mend = "grant them: deploy/redis/hopline-users.conf has what Hopline's users need"
        told = "; ".join(one.decode() for one in refused)
        return fail("redis rights", f"the user of HOPLINE_REDIS_URL may not {told}", mend)
    return ok("redis rights", "all that Hopline needs")
