"""Writer that puts clicks into the ledger: the only file that does, for consumers and others."""

from collections.abc import Sequence

from app.stores.clickhouse.connection import insert_settings
from app.stores.clickhouse.driver import Client

_INSERT = "INSERT INTO ledger (click_id, time) VALUES"
_COPY = "INSERT INTO ledger (click_id, time) SELECT click_id, time FROM {table:Identifier}"


def write_ledger(client: Client, click_ids: Sequence[bytes], times_ms: Sequence[int]) -> None:
    """Write down clicks that are inserted next, so that `hopline audit` can look for them.

    A retry adds its rows again, which are one under FINAL; to drop them as duplicates would be to
    trust that the first try's rows are there.

    Args:
        client: connected to the database of the clicks.
        click_ids: 16 bytes each.
        times_ms: their times in Unix milliseconds.

    Raises:
        clickhouse_driver.errors.Error: as the server or the driver says.
    """
    settings = insert_settings(client, len(click_ids))
    client.execute(_INSERT, [click_ids, times_ms], settings=settings, columnar=True)


def copy_to_ledger(client: Client, table: str, rows: int) -> None:
    """Write down the clicks of a table that are inserted next; as :func:`write_ledger`."""
    client.execute(_COPY, {"table": table}, settings=insert_settings(client, rows))
