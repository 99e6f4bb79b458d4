"""Command that brings ClickHouse's tables up to date: `hopline migrate`."""

from app.config.loading import load
from app.schema.migrations import migrate as bring_up_to_date


def migrate() -> None:
    """Bring ClickHouse's tables up to date; safe to run again, and by two at once.

    Also makes clicks live as long as HOPLINE_CLICK_TTL_DAYS says.
    """
    settings = load()
    applied = bring_up_to_date(
        settings.clickhouse_url,
        timeout_seconds=settings.clickhouse_timeout_seconds,
        ttl_days=settings.click_ttl_days,
    )
    for name in applied:
        print(f"applied {name}")
    if not applied:
        print("up to date")
