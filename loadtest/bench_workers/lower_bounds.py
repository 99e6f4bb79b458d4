"""Lower bounds that no consumer undercuts: to read and ack alone, to insert ready columns alone."""

import time
from dataclasses import dataclass

from loadtest.bench_workers.backlog import fill
from loadtest.bench_workers.stores import GROUP, Stores

_READ = 500
_ROWS = 50_000
#: As the driver writes them without converting them.
_READY = (
    "SELECT click_id, toUnixTimestamp64Milli(time), short_code, target, ip, visitor_id,"
    " toString(country), toString(browser), toString(os), toString(device), is_bot, toString(bot),"
    " toString(referrer_host), referrer, user_agent, toString(host), toString(language),"
    " toString(geo_version), toUnixTimestamp64Milli(enriched_at) FROM clicks LIMIT {count}"
)
_COLUMNS = (
    "click_id, time, short_code, target, ip, visitor_id, country, browser, os, device, is_bot, bot,"
    " referrer_host, referrer, user_agent, host, language, geo_version, enriched_at"
)
_AS_BYTES = {"strings_as_bytes": True}
_TABLE = "bench_wall"


@dataclass(frozen=True, slots=True)
class LowerBound:
    """What the least that has to be done takes."""

    clicks_per_second: float
    cpu_us: float


def read_and_ack(stores: Stores, entries: int) -> LowerBound:
    """Read a backlog with redis-py and hiredis, 500 entries at a time, and ack them."""
    stream, client = "bench:wall", stores.redis
    client.copy(fill(client, entries), stream, replace=True)
    started, cpu = time.monotonic(), time.process_time()
    while found := client.xreadgroup(GROUP, "wall", {stream: ">"}, count=_READ):
        pages = next(iter(found.values())) if isinstance(found, dict) else [found[0][1]]
        for page in pages:
            client.xack(stream, GROUP, *(entry_id for entry_id, _ in page))
    bound = _since(started, cpu, entries)
    client.unlink(stream)
    return bound


def insert_alone(stores: Stores, database: str, count: int) -> LowerBound:
    """Insert rows of an earlier run, ready as columns, 50,000 at a time."""
    with stores.client(database) as client:
        client.execute(f"CREATE TABLE IF NOT EXISTS {_TABLE} AS clicks")
        client.execute(f"TRUNCATE TABLE {_TABLE}")
        ready = _READY.format(count=count)
        columns = [list(one) for one in client.execute(ready, columnar=True, settings=_AS_BYTES)]
        columns[4] = [address.packed for address in columns[4]]
        started, cpu = time.monotonic(), time.process_time()
        for start in range(0, len(columns[0]), _ROWS):
            block = [column[start : start + _ROWS] for column in columns]
            insert = f"INSERT INTO {_TABLE} ({_COLUMNS}) VALUES"
            client.execute(insert, block, columnar=True, settings=_AS_BYTES)
        return _since(started, cpu, len(columns[0]))


def _since(started: float, cpu: float, count: int) -> LowerBound:
    seconds = time.monotonic() - started
    return LowerBound(count / seconds, (time.process_time() - cpu) / count * 1e6)
