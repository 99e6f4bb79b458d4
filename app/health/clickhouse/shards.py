"""Checks that ask each host of several shards whether it parts clicks as the others do."""

import time
from collections.abc import Iterator, Mapping, Sequence

from app.health.check import Check, fail, ok
from app.schema.layout import Layout
from app.schema.membership import Macros, TableServer
from app.schema.mismatch import SchemaMismatch
from app.schema.misplaced import LATE_SECONDS, count_misplaced
from app.schema.sharding import layout_of
from app.stores.clickhouse.connection import ClickHouseError, connect
from app.stores.clickhouse.shards import SHARDED

_NAME = "clickhouse shards"
_MIGRATE = "run `hopline migrate`"


def shard_checks(
    servers: Sequence[TableServer], macros: Mapping[str, Macros], shards: int
) -> Iterator[Check]:
    """Yield the finding about the layout of clicks, and where those of late are.

    Args:
        servers: those that have our database.
        macros: by host, of all that answer.
        shards: how many the cluster has.
    """
    silent = sorted(set(range(1, shards + 1)) - {one.number for one in macros.values()})
    if silent:
        which = ", ".join(map(str, silent))
        text = f"inserts wait, and reports are errors, as no host of shard {which} answers"
        yield fail(_NAME, text, "see ClickHouse on its hosts, and the network between")
        return
    names = {one.number: one.shard for one in macros.values()}
    layouts: dict[str, Layout | None] = {}
    misplaced = 0
    seen: set[int] = set()
    try:
        for one in servers:
            timeout_seconds = one.client.connection.send_receive_timeout
            with connect(one.url, timeout_seconds=timeout_seconds) as client:
                ours = TableServer(one.url, client, one.shard)
                found = [layout_of(ours, table) for table in SHARDED]
                layouts[one.place] = found[0] if len({*found}) == 1 else None
                layout = layouts[one.place]
                if layout and one.shard not in seen:
                    since_ms = int((time.time() - LATE_SECONDS) * 1000)
                    misplaced += count_misplaced(ours, layout, since_ms)
                    seen.add(one.shard)
    except SchemaMismatch as error:
        yield fail(_NAME, str(error), "see what it says")
    except ClickHouseError as error:
        yield fail(_NAME, str(error), _MIGRATE)
    else:
        yield judge_shards(layouts, [names[number] for number in sorted(names)], misplaced)


def judge_shards(
    layouts: Mapping[str, Layout | None], names: Sequence[str], misplaced: int
) -> Check:
    """Judge whether every host parts clicks alike, between all shards.

    Args:
        layouts: by host; None of one whose tables have none, or not the same.
        names: macros of the cluster's shards in their order.
        misplaced: clicks of late that are on another shard than they belong to.
    """
    whole = next((one for one in layouts.values() if one), None)
    if whole is None:
        return fail(_NAME, f"our tables are those of one shard, not of {len(names)}", _MIGRATE)
    if odd := [place for place, one in layouts.items() if one != whole]:
        text = f"clicks are parted in another way by {', '.join(odd)}: one may be on two shards"
        return fail(_NAME, text, _MIGRATE)
    if whole.shards != tuple(names[: len(whole.shards)]):
        text = f"clicks are on {', '.join(whole.shards)}, and the cluster is {', '.join(names)}"
        mend = "have those shards first in <remote_servers>, and in this order"
        return fail(_NAME, text, mend)
    if added := names[len(whole.shards) :]:
        return fail(_NAME, f"no clicks go to {', '.join(added)}", _MIGRATE)
    if misplaced:
        text = f"{misplaced} clicks of the last hour are on other shards than their copies would be"
        return fail(_NAME, text, _MIGRATE)
    return ok(_NAME, f"clicks are parted between {', '.join(whole.shards)}")
