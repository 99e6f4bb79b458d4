"""Commands that show clicks: those of a link, those that come, those that can't be stored.

:func:`~app.cli.clicks.stats.stats` and :func:`~app.cli.clicks.stats.top` report,
:func:`~app.cli.clicks.export.export` writes them to a file,
:func:`~app.cli.clicks.tail.tail` follows the stream, :mod:`~app.cli.clicks.dead` shows dead
letters, :func:`~app.cli.clicks.erase.erase` deletes.
"""
