"""Examination that looks at every part of an installation: what `hopline doctor` finds."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from app.audit.factory import open_entries
from app.audit.spool import SpoolUnreadable, count_spooled
from app.audit.spool_note import SpoolNote
from app.changes.trail import open_trail
from app.config.access import MetricsAccess
from app.config.instance import instance_id
from app.config.loading import unknown_variables
from app.config.settings import Settings
from app.config.shards import shards_of
from app.health.access import door_checks, judge_trust
from app.health.audit import judge_ledger
from app.health.check import Check, fail, ok, warn
from app.health.clickhouse.advice import advice as clickhouse_advice
from app.health.clickhouse.server import clickhouse_checks
from app.health.host.answer import Answer, ask
from app.health.host.kernel import kernel_checks
from app.health.host.machine import (
    disk_check,
    geoip_check,
    is_of_this_machine,
    judge_service,
    judge_spool,
    judge_sqlite,
)
from app.health.host.permissions import permissions_checks, private_files_check
from app.health.host.units import listening, masked_units, units_checks
from app.health.links_index import index_check
from app.health.metrics import freshness_check, shown_check
from app.health.redis.advice import advice as redis_advice
from app.health.redis.cluster import cluster_checks
from app.health.redis.replication import replication_checks
from app.health.redis.sentinels import sentinel_checks
from app.health.redis.server import redis_checks, rewrite_check
from app.health.redis.shards import of_each, shard_checks, shard_use_checks
from app.health.rules import rules_check
from app.health.webhooks import webhook_check
from app.keys.store import may_have_keys
from app.stores.clickhouse.connection import ClickHouseError
from app.stores.keys import aof_rewrite_key
from app.stores.redis.address import Address, parse_url
from app.stores.redis.calls import caller
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisError
from app.stores.redis.loading import ask_loading
from app.stores.redis.routing import ClusterClient

if TYPE_CHECKING:
    import redis

#: Longest wait for ClickHouse, as a person waits for the answer.
_TIMEOUT_SECONDS = 5.0
#: After which no further part is looked at for a program, which waits for a few seconds.
_ENOUGH_SECONDS = 8.0


def examine_within(
    settings: Settings,
    clock: Callable[[], float] = time.monotonic,
    examined: Callable[[Settings], Iterator[Check]] | None = None,
) -> Iterator[Check]:
    """Yield what :func:`examine` does, until that has taken long enough, and say so then.

    Args:
        clock: monotonic seconds.
        examined: what is yielded from; :func:`examine`.
    """
    began = clock()
    for check in (examined or examine)(settings):
        yield check
        if clock() - began >= _ENOUGH_SECONDS:
            text = f"it took over {_ENOUGH_SECONDS:g} s, and what else there is wasn't looked at"
            yield warn("examination", text, "mend what is above, or run `hopline doctor`")
            return


def examine(settings: Settings) -> Iterator[Check]:
    """Yield the findings about every part of an installation."""
    yield _settings_check()
    yield from _redis(settings)
    yield from _clickhouse(settings)
    instance = instance_id(settings)
    absent = masked_units()
    if "hopline-workers.service" not in absent:
        yield freshness_check(MetricsAccess.of(settings, "workers"))
    if "hopline-redirect.service" not in absent:
        yield shown_check("redirect", MetricsAccess.of(settings, "redirect"))
        yield _service("redirect", settings.redirect_bind, _asked(settings.redirect_bind), instance)
    if "hopline-console.service" not in absent:
        answer = _asked(settings.console_bind)
        yield _service("console", settings.console_bind, answer, instance)
        if answer is None or answer.instance == instance:
            yield _index(settings)
    yield from door_checks(settings, has_keys=may_have_keys(settings))
    yield judge_trust(
        settings.trusted_proxies,
        (settings.redirect_bind, *listening()),
        settings.client_address_header,
    )
    yield private_files_check(dict.fromkeys((settings.data_dir, settings.spool_directory)))
    yield geoip_check(settings.geoip_path, datetime.now(UTC))
    yield rules_check(settings.rules)
    yield disk_check("data disk", settings.data_dir, 0)
    yield disk_check("spool disk", settings.spool_directory, settings.spool_max_bytes)
    yield _spool(settings.spool_directory)
    yield judge_sqlite(sqlite3.sqlite_version_info)
    yield from _installed(settings)


def _settings_check() -> Check:
    unknown = unknown_variables()
    if unknown:
        text = f"no setting reads {', '.join(unknown)}"
        return warn("settings", text, "compare them with `hopline settings`")
    return ok("settings", "understood")


def _redis(settings: Settings) -> Iterator[Check]:
    url = settings.redis_url
    yield from sentinel_checks(url)
    try:
        with connect(url, timeout_seconds=settings.redis_timeout_seconds) as client:
            yield from _servers(client, settings)
            call = caller(client, url, settings.redis_timeout_seconds)
            ledger = open_entries(settings, call)
            noted = ledger.noted()
            yield from _rewrites(settings, noted.since_ms if noted else None)
            yield from shard_checks(client, url, settings)
            yield webhook_check(client, settings)
            yield judge_ledger(noted, ledger.gaps_of_a_day(), time.time())
    except RedisError as error:
        if loading := ask_loading(url, timeout_seconds=settings.redis_timeout_seconds):
            yield fail("redis", str(loading), "wait until it has read them")
            return
        nobody = "start it, or set HOPLINE_REDIS_URL to where it is"
        yield fail("redis", str(error), redis_advice(error) or nobody)


def _servers(client: "redis.Redis", settings: Settings) -> Iterator[Check]:
    url = settings.redis_url
    if isinstance(client, ClusterClient):
        yield from cluster_checks(client, url, settings)
        return
    longest_wait_ms = settings.lookup_timeout_seconds * 1000
    yield from redis_checks(client, url, settings.stream_maxlen, longest_wait_ms)
    yield from shard_use_checks(client, url, settings)
    yield from replication_checks(
        client, url, settings.resend_seconds, needs_replica=settings.confirm == "replica"
    )


def _rewrites(settings: Settings, since_ms: int | None) -> Iterator[Check]:
    """Yield when each server's append-only file was written anew; of a cluster, by its shards."""
    rewriting = [shard for shard in shards_of(settings) if shard.aof_rewrite]
    found = []
    for shard in rewriting:
        url, key = shard.redis_url, aof_rewrite_key(shard.stream, shard.group)
        timeout_seconds = shard.redis_timeout_seconds
        with connect(url, timeout_seconds=timeout_seconds, near=shard.stream) as client:
            found.append((shard.stream, rewrite_check(client, url, key, since_ms)))
    if len(found) > 1:
        yield from of_each(found)
    else:
        yield from (check for _, check in found)


def _clickhouse(settings: Settings) -> Iterator[Check]:
    timeout_seconds = min(_TIMEOUT_SECONDS, settings.clickhouse_timeout_seconds)
    try:
        yield from clickhouse_checks(
            settings.clickhouse_server,
            timeout_seconds=timeout_seconds,
            ttl_days=settings.click_ttl_days,
            cold_days=settings.click_cold_days,
        )
    except ClickHouseError as error:
        nobody = "start it, or set HOPLINE_CLICKHOUSE_URL to where it is"
        yield fail("clickhouse", str(error), clickhouse_advice(error) or nobody)


def _spool(directory: Path) -> Check:
    try:
        lost = SpoolNote(directory).lost()
        return judge_spool(directory, count_spooled(directory), lost)
    except SpoolUnreadable as error:
        return warn("spool", str(error), "ask as its user, or as root")


def _installed(settings: Settings) -> Iterator[Check]:
    """Yield what only a host has to be asked on which the units are installed."""
    units = tuple(units_checks())
    if units:
        yield from units
        yield from permissions_checks()
        yield from kernel_checks(has_redis=_has_redis(parse_url(settings.redis_url)))


def _has_redis(address: Address) -> bool:
    """Tell whether a Redis runs here, or a Sentinel, which is mostly beside one."""
    of_several = address.sentinels.ends if address.sentinels else address.seeds
    ends = of_several or ((address.host, address.port),)
    return bool(address.path) or any(is_of_this_machine(host) for host, _ in ends)


def _index(settings: Settings) -> Check:
    """Look at the console's index, which commands make as well and nobody else keeps up."""
    try:
        return index_check(settings.links_index, open_trail(settings))
    except RedisError as error:
        return warn("links index", str(error), "see the findings about Redis")


def _asked(bind: str) -> Answer | None:
    """Return what a service says; None for one that can't be asked."""
    return None if bind.startswith("fd://") else ask(bind, "/-/ready")


def _service(name: str, bind: str, answer: Answer | None, instance: str) -> Check:
    if answer is None:
        return warn(name, "on a socket that was handed down, it can't be asked", "ask its proxy")
    is_ours = answer.instance == instance
    return judge_service(name, bind, answer.status, is_ours=is_ours, body=answer.body)
