"""Error that says that a database and this code don't belong together."""

from app.stores.clickhouse.connection import ClickHouseRefused


class SchemaMismatch(ClickHouseRefused):
    """The database and this code don't belong together; the text says how, and what to do."""
