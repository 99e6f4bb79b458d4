"""Rows on their way into ClickHouse: gathered into batches, inserted once each.

:class:`workers.clickhouse.batch.Batch` gathers :class:`app.clicks.rows.Rows`, and
:class:`workers.clickhouse.writer.Writer` alone inserts them (the INSERT);
:class:`workers.clickhouse.freshness.Freshness` tells how long clicks took.
"""
