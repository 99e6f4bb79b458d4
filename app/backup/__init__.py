"""Backup that writes all links and clicks into a directory, and restores them.

The commands `hopline backup` and `hopline restore` use :func:`app.backup.archive.new_archive` and
:func:`app.backup.archive.open_archive`, and :class:`app.backup.clicks.ClickTable`. Nothing else
does.
"""
