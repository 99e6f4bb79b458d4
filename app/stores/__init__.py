"""Stores that everything is kept in, Redis and ClickHouse: how to reach them, and by which keys.

:mod:`app.stores.redis` and :func:`app.stores.clickhouse.connection.connect` are the only openers of
connections outside the redirect, and translate all errors into "try again" and "refused".
:mod:`app.stores.keys` owns every key. :mod:`app.stores.scripts` reads Lua scripts and queries,
which stand in a ``lua`` and a ``sql`` folder beside who needs them.
"""
