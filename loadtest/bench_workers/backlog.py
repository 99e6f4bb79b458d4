"""Backlog that a consumer finds: a copy of a stream that was filled once."""

import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

from loadtest.bench_workers.clicks import Entry, Traffic
from loadtest.bench_workers.stores import GROUP

_TEMPLATE = "bench:template:{}"
_AT_ONCE = 2_000


def fill(client: Any, count: int) -> str:
    """Fill a stream, unless it is there, and return its key; its group has read nothing."""
    key = _TEMPLATE.format(count)
    if not client.exists(key):
        made = Traffic().clicks(count, time.time_ns() // 1_000_000)
        while piece := list(islice(made, _AT_ONCE)):
            send(client, key, iter(piece))
        client.xgroup_create(key, GROUP, "0")
    return key


def send(client: Any, stream: str, entries: Iterator[Entry]) -> None:
    """Add entries to a stream in one go."""
    pipeline = client.pipeline(transaction=False)
    for entry in entries:
        pipeline.execute_command("XADD", stream, "*", *entry)
    pipeline.execute()


def is_done(client: Any, stream: str, count: int) -> bool:
    """Tell whether the group has read and acked so many entries."""
    (group,) = client.xinfo_groups(stream)
    return group["entries-read"] == count and not group["pending"]


def entries_read(client: Any, stream: str) -> int:
    """Return how many entries the group has read."""
    return int(client.xinfo_groups(stream)[0]["entries-read"] or 0)
