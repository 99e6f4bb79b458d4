"""The only file that writes the ledger: which clicks were taken on, by consumers or otherwise."""

from collections.abc import Sequence

from clickhouse_driver import Client

_ENTER = "INSERT INTO ledger (click_id, time) VALUES"

#: A retry adds its rows again, which are one under FINAL; to drop them as duplicates would be to
#: trust that the first try's rows are there.
_SETTINGS = {"async_insert": 0, "insert_deduplicate": 0, "max_partitions_per_insert_block": 0}


def enter(client: Client, click_ids: Sequence[bytes], times_ms: Sequence[int]) -> None:
    """Write down clicks that are inserted next, so that `hopline audit` can look for them.

    Args:
        client: connected to the database of the clicks.
        click_ids: 16 bytes each.
        times_ms: their times in Unix milliseconds.

    Raises:
        clickhouse_driver.errors.Error: as the server or the driver says.
    """
    settings = {**_SETTINGS, "insert_block_size": len(click_ids)}
    client.execute(_ENTER, [click_ids, times_ms], settings=settings, columnar=True)
