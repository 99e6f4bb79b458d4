"""Query that finds which clicks ClickHouse holds, by id: to have inserted them is no proof."""

from collections.abc import Mapping, Sequence
from typing import Any

from clickhouse_driver import Client

from app.stores.scripts import query


def count_stored(
    client: Client,
    click_ids: Sequence[bytes],
    short_codes: Sequence[str | bytes],
    times_ms: Sequence[int],
    settings: Mapping[str, object] | None = None,
) -> int:
    """Return how many of some clicks are in the table, each once.

    Args:
        client: connected to the database of the clicks.
        click_ids: 16 bytes each, of at least one click.
        short_codes: of the same clicks.
        times_ms: their times in Unix milliseconds.
        settings: of the query.

    Raises:
        clickhouse_driver.errors.Error: as the server or the driver says.
    """
    bounds = {"first_ms": min(times_ms), "last_ms": max(times_ms)}
    tables = [wanted(click_ids, short_codes)]
    text = query("app.audit", "count_stored")
    found = client.execute(text, bounds, external_tables=tables, settings=settings)
    return int(found[0][0])


def wanted(click_ids: Sequence[bytes], short_codes: Sequence[str | bytes]) -> dict[str, Any]:
    """Return clicks as a table ``wanted`` that travels with a query."""
    return {
        "name": "wanted",
        "structure": [("click_id", "FixedString(16)"), ("short_code", "String")],
        "data": [
            {"click_id": click_id, "short_code": short_code}
            for click_id, short_code in zip(click_ids, short_codes, strict=True)
        ],
    }
