"""Query that finds which clicks ClickHouse holds, by id: to have inserted them is no proof."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.stores.clickhouse.driver import Client
from app.stores.clickhouse.shards import Shard
from app.stores.scripts import query


def count_stored(
    shard: Shard,
    click_ids: Sequence[bytes],
    short_codes: Sequence[str | bytes],
    times_ms: Sequence[int],
    settings: Mapping[str, object] | None = None,
) -> int:
    """Return how many of some clicks are on a shard, each once.

    Args:
        shard: connected to the database of the clicks.
        click_ids: 16 bytes each, of at least one click.
        short_codes: of the same clicks.
        times_ms: their times in Unix milliseconds.
        settings: of the query.

    Raises:
        clickhouse_driver.errors.Error: as the server or the driver says.
    """
    bounds = {"first_ms": min(times_ms), "last_ms": max(times_ms)}
    params = {"table": shard.table("clicks"), **bounds}
    tables = [wanted_clicks(click_ids, short_codes)]
    text = query("app.audit", "count_stored")
    found = shard.client.execute(text, params, external_tables=tables, settings=settings)
    return int(found[0][0])


def find_stored(
    client: Client,
    click_ids: Sequence[bytes],
    short_codes: Sequence[str | bytes],
    times_ms: Sequence[int],
) -> set[bytes]:
    """Return the ids of those clicks that are in the table; whoever is asked knows of all shards.

    Args and errors are those of :func:`count_stored`.
    """
    bounds = {"first_ms": min(times_ms), "last_ms": max(times_ms)}
    tables = [wanted_clicks(click_ids, short_codes)]
    text = query("app.audit", "find_stored")
    found = client.execute(
        text, bounds, external_tables=tables, settings={"strings_as_bytes": True}
    )
    return {row[0] for row in found}


def wanted_clicks(click_ids: Iterable[bytes], short_codes: Iterable[str | bytes]) -> dict[str, Any]:
    """Return clicks as a table ``wanted`` that travels with a query."""
    kinds = {"click_id": "FixedString(16)", "short_code": "String"}
    return sent_table("wanted", kinds, zip(click_ids, short_codes, strict=True))


def sent_table(
    name: str, kinds: Mapping[str, str], rows: Iterable[Sequence[object]]
) -> dict[str, Any]:
    """Return a table that travels with a query: its columns' types by name, and its rows."""
    data = [dict(zip(kinds, row, strict=True)) for row in rows]
    return {"name": name, "structure": list(kinds.items()), "data": data}
