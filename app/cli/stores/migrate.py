"""Command that brings ClickHouse's tables up to date: `hopline migrate`."""

from app.config.loading import load
from app.schema.migrations import migrate_as_set


def migrate() -> None:
    """Bring ClickHouse's tables up to date; safe to run again, and by two at once.

    Also makes clicks live as long as HOPLINE_CLICK_TTL_DAYS says.
    """
    applied = migrate_as_set(load())
    for name in applied:
        print(f"applied {name}")
    if not applied:
        print("up to date")
