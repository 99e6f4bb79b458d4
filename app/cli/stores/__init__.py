"""Commands that look after what is stored: tables, backups, and the spool on this host's disk.

:func:`~app.cli.stores.migrate.migrate`, :mod:`~app.cli.stores.backup` and
:mod:`~app.cli.stores.spool` are what `hopline` calls.
"""
