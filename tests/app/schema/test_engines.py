"""Statements of migrations as replicas and shards carry them out."""

import pytest

from app.schema.engines import on_shards, replicated
from app.schema.layout import Layout
from app.schema.migrations import known, tables
from app.stores.clickhouse.shards import SHARDED, local
from app.stores.scripts import query

TWO = Layout(("01", "02"))


def test_every_statement_that_makes_a_table_makes_a_replicated_one():
    made = [replicated(each.statement) for each in known()]
    assert sum("ENGINE = ReplicatedReplacingMergeTree(" in text for text in made) == len(tables())
    assert "'{replica}', enriched_at)" in made[0]
    for text, migration in zip(made, known(), strict=True):
        is_table = "CREATE TABLE" in text
        assert ("replicated_deduplication_window_seconds = 604800" in text) is is_table
        assert ("replicated_max_ratio_of_wrong_parts = 1" in text) is is_table
        assert is_table or text == migration.statement


@pytest.mark.parametrize("migration", known(), ids=lambda one: one.name)
def test_every_statement_is_for_a_shards_own_rows_or_for_all_hosts(migration):
    steps = on_shards(migration.statement, "hop", TWO)
    table = next(
        name
        for name in tables()
        if f"TABLE {name}" in migration.statement.replace("IF NOT EXISTS ", "")
    )
    if table not in SHARDED:
        (step,) = steps
        assert "{shard}/" not in step
        return
    assert f" {local(table)}" in steps[0]
    if "CREATE TABLE" in steps[0]:
        assert "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'" in steps[0]
        assert f"CREATE TABLE IF NOT EXISTS {table} AS {local(table)} " in steps[1]
    else:
        assert len(steps) == (2 if " COLUMN " in migration.statement else 1)


def test_a_column_is_added_to_a_shards_own_table_before_the_one_over_all():
    statement = "-- Why.\nALTER TABLE clicks\n    ADD COLUMN IF NOT EXISTS city String"
    assert on_shards(statement, "hop", TWO) == [
        statement.replace("TABLE clicks", "TABLE clicks_local"),
        statement,
    ]


def test_what_was_migrated_is_one_table_for_all_hosts():
    (step,) = on_shards(query("app.schema", "create_migrations"), "hop", TWO)
    assert "('/clickhouse/tables/all_shards/{database}/{table}', '{shard}-{replica}')" in step
