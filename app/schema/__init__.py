"""Schema that ClickHouse's tables follow: numbered SQL files, and what carries them out.

:func:`app.schema.migrations.migrate` brings a database up to date. A file that was released is
never changed; what comes later is another file.
"""
