"""Workers that bring clicks from the Redis stream into ClickHouse: ``python -m workers``.

:class:`workers.supervisor.supervisor.Supervisor` keeps processes alive, each of which runs one
:class:`workers.consumer.consumer.Consumer`: it reads by :mod:`workers.stream` (XREADGROUP),
enriches by :mod:`workers.enrich`, inserts by :mod:`workers.clickhouse` and then acknowledges
(XACK). :mod:`workers.replay` processes clicks again, :mod:`workers.visits` brings in those of other
programs, and :mod:`workers.monitor` looks at the stores.
"""
