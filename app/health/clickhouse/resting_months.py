"""Check that looks whether months to which nothing is added any more are one part each."""

from collections.abc import Iterator, Sequence

from app.health.check import Check, ok, warn
from app.schema.resting_months import REST_SECONDS
from app.stores.clickhouse.driver import Client

#: A merge begins after a day of rest; one of many gigabytes takes its time.
_PATIENCE_SECONDS = 2 * REST_SECONDS
_SCATTERED = """
SELECT partition, sum(bytes_on_disk) FROM system.parts
WHERE database = currentDatabase() AND table = {table:String} AND active
GROUP BY partition
HAVING count() > 1 AND max(modification_time) < now() - toIntervalSecond({seconds:UInt32})
ORDER BY partition
"""


def resting_months_check(client: Client, table: str) -> Iterator[Check]:
    """Yield the finding about a server's own clicks.

    Args:
        table: that holds them.
    """
    wanted = {"table": table, "seconds": _PATIENCE_SECONDS}
    yield judge_resting_months(table, client.execute(_SCATTERED, wanted))


def judge_resting_months(table: str, scattered: Sequence[tuple[str, int]]) -> Check:
    """Judge the months (YYYYMM) that have rested and are several parts, and how large they are."""
    name = "resting months"
    if not scattered:
        return ok(name, "each is one part, which reports read without merging it")
    months = ", ".join(month for month, _ in scattered)
    largest_gb = max(size_bytes for _, size_bytes in scattered) / 1e9
    return warn(
        name,
        f"reports merge clicks of {months} anew each time: nothing was added for two days, and"
        " ClickHouse has not made one part of them",
        f"have {largest_gb:.1f} GB free on ClickHouse's disk, and see its log; by hand:"
        f" OPTIMIZE TABLE {table} PARTITION {scattered[0][0]} FINAL",
    )
