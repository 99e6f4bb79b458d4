from app.schema.migrations import migrate
from app.stores.clickhouse.connection import connect, database_name

QUERY = """
    SELECT name, create_table_query, total_rows FROM system.tables
    WHERE database = currentDatabase()
"""


def tables(url):
    """Return how each table was made, and how many rows it has."""
    with connect(url, timeout_seconds=30) as client:
        found = client.execute(QUERY)
    return {name: (text.replace(database_name(url), "it"), rows) for name, text, rows in found}


def test_a_copy_has_the_tables_that_migrating_makes(migrated_url, shared_clickhouse):
    copied = tables(migrated_url)
    assert migrate(migrated_url, timeout_seconds=30, ttl_days=0) == []
    other = shared_clickhouse.url(f"{database_name(migrated_url)}_migrated")
    migrate(other, timeout_seconds=30, ttl_days=0)
    assert copied == tables(migrated_url) == tables(other)
    shared_clickhouse.execute(f"DROP DATABASE {database_name(other)} SYNC")
