"""Checks of ClickHouse: whether it takes clicks, answers reports and has the tables that we made.

:func:`app.health.clickhouse.server.clickhouse_checks` yields all of them;
:func:`app.health.clickhouse.advice.advice` says what to do about an error.
"""
