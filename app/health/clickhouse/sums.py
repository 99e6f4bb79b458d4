"""Check that looks whether closed days have the sums that reports take."""

from contextlib import closing

from app.health.check import Check, ok, warn
from app.stores.clickhouse.connection import ClickHouseRefused, ClickHouseUnavailable
from app.sums.upkeep import Standing, Upkeep


def sums_check(url: str, timeout_seconds: float) -> Check:
    """Return the finding about a database."""
    with closing(Upkeep(url, timeout_seconds)) as upkeep:
        try:
            return judge_sums(upkeep.look())
        except ClickHouseRefused as error:
            return warn("sums", str(error), "run `hopline migrate`")
        except ClickHouseUnavailable as error:
            return warn("sums", str(error), "see what the other lines say of ClickHouse")


def judge_sums(standing: Standing) -> Check:
    """Judge how far the sums have come; a day that was marked a moment ago may wait."""
    if not standing.due:
        return ok("sums", f"of {standing.clean:,} closed days")
    return warn(
        "sums",
        f"{len(standing.due):,} closed days have none, the oldest {standing.waiting[-1]}: reports"
        " read their clicks",
        "the workers make them, the newest day first: look whether any run, and at their log",
    )
