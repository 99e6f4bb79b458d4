"""Checks that tell what is wrong with an installation, and how to mend it.

One file a part; each returns :class:`app.health.check.Check` values, and changes nothing.
`hopline doctor` runs them all; those of a store or of this host have a room of their own. The
workers and the status of their consumers use :func:`app.health.redis.stream.read_backlog` as well.
"""
