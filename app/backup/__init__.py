"""Backup that writes all links and clicks into a directory, and restores them.

The commands `hopline backup` and `hopline restore` use :func:`app.backup.archive.new_archive` and
:func:`app.backup.archive.open_archive`, :class:`app.backup.clicks.ClickTable`, and
:func:`app.backup.links.restore_links`. Nothing else does.
"""
