"""Search index of links: an SQLite file beside the console, kept fresh from the trail of changes.

:class:`~app.links.index.index.LinkIndex` answers which links match, in which order. What it holds
follows from Redis alone: a file that is lost, damaged or too far behind is filled again.
"""
