"""ClickHouse as everybody reaches it: one server, or whichever of several hosts answers.

:func:`~app.stores.clickhouse.connection.connect` opens connections, and
:func:`~app.stores.clickhouse.connection.translated` tells "try again" from "refused";
:func:`~app.stores.clickhouse.connection.insert_settings` are those of every insert, and
:mod:`app.stores.clickhouse.replicas` tells what a replica has.
"""
