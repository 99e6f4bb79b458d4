"""Checks that tell what a fail-over of Redis would lose, and whether this server is the master."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from app.health.check import Check, fail, ok, warn
from app.health.redis.server import read_config
from app.stores.redis.errors import translated

if TYPE_CHECKING:
    import redis

_NAME = "redis replication"
#: A lag is told in whole seconds and looked at once a second.
_LAG_SLACK_SECONDS = 2


def replication_checks(
    client: "redis.Redis",
    url: str,
    resend_seconds: float,
    *,
    needs_replica: bool = False,
    alone_seconds: float | None = None,
) -> Iterator[Check]:
    """Yield the findings about a server's role and its replicas.

    Args:
        resend_seconds: how old confirmed clicks may be that are sent again after a fail-over.
        needs_replica: whether a replica has to have each click (``HOPLINE_CONFIRM``).
        alone_seconds: for how long a master that is cut off takes writes of itself; None for ever.

    Raises:
        RedisUnavailable, RedisRefused: it doesn't answer.
    """
    with translated(url):
        info = client.info("replication")
    config = read_config(client, url, "min-replicas-*")
    yield judge_replication(info, config, resend_seconds, alone_seconds)
    if needs_replica and info["role"] == "master":
        yield judge_confirmation(info)


def judge_confirmation(info: Mapping[str, Any]) -> Check:
    """Judge INFO replication of a master whose clicks count once a replica has them."""
    name = "click confirmation"
    online = sum(one["state"] == "online" for one in _replicas(info))
    if online:
        return ok(name, f"by any of {online} replicas")
    return fail(
        name,
        "no replica is online to confirm clicks (HOPLINE_CONFIRM=replica): all wait in the spools",
        "bring a replica back, and see its log; or set HOPLINE_CONFIRM=master",
    )


def judge_replication(
    info: Mapping[str, Any],
    config: Mapping[str, str],
    resend_seconds: float,
    alone_seconds: float | None = None,
) -> Check:
    """Judge INFO replication.

    Args:
        config: what CONFIG says of ``min-replicas-*``; empty where it may not be asked.
        alone_seconds: see :func:`replication_checks`.
    """
    if info["role"] != "master":
        return _replica(info)
    wanted = int(config.get("min-replicas-to-write", 0))
    if info.get("min_slaves_good_slaves", wanted) < wanted:
        return fail(
            _NAME,
            f"fewer than {wanted} replicas keep up, so it takes no writes (NOREPLICAS):"
            " clicks wait in the spools and links can't be changed",
            "bring them back; if they are gone for good, CONFIG SET min-replicas-to-write 0",
        )
    replicas = _replicas(info)
    if not replicas:
        return ok(_NAME, "a master without replicas")
    has_bound = "min_slaves_good_slaves" in info
    longest = int(config.get("min-replicas-max-lag", 0)) if has_bound else alone_seconds
    return _master(replicas, longest, resend_seconds)


def _replicas(info: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [
        value for name, value in info.items() if name.startswith("slave") and name[5:].isdigit()
    ]


def _replica(info: Mapping[str, Any]) -> Check:
    state = "" if info["master_link_status"] == "up" else ", and its link to that is down"
    return fail(
        _NAME,
        f"it is a replica of {info['master_host']}:{info['master_port']}{state}:"
        " clicks wait in the spools and links can't be changed",
        "lead HOPLINE_REDIS_URL to the master, or promote this server (REPLICAOF NO ONE)",
    )


def _master(
    replicas: list[Mapping[str, Any]], alone_seconds: float | None, resend_seconds: float
) -> Check:
    away = sum(one["state"] != "online" for one in replicas)
    if away:
        mend = "see the replicas' logs"
        return warn(_NAME, f"{away} of {len(replicas)} replicas are not online", mend)
    lag_seconds = max(int(one["lag"]) for one in replicas)
    if lag_seconds > resend_seconds:
        return warn(
            _NAME,
            f"a replica is {lag_seconds} s behind, and only the last {resend_seconds:g} s of"
            " clicks are sent again after a fail-over",
            "find what holds it up, or raise HOPLINE_RESEND_SECONDS",
        )
    if alone_seconds is None:
        return warn(
            _NAME,
            f"a master with {len(replicas)} replicas takes writes without them: cut off while"
            " another is promoted, it goes on taking clicks and links that are lost",
            "with two replicas or more set min-replicas-to-write 1 and min-replicas-max-lag 1",
        )
    needed = alone_seconds + _LAG_SLACK_SECONDS
    if needed > resend_seconds:
        return warn(
            _NAME,
            f"a master may confirm clicks for {alone_seconds:g} s that no replica has"
            " (min-replicas-max-lag, of a cluster cluster-node-timeout), and"
            f" {resend_seconds:g} s are sent again after a fail-over",
            f"set HOPLINE_RESEND_SECONDS to {needed:g} or lower the other",
        )
    return ok(_NAME, f"a master with {len(replicas)} replicas, {lag_seconds} s behind at most")
