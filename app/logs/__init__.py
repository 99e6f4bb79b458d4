"""Log lines that every process writes to stderr, for people or programs, and never waits for.

:func:`app.logs.setup.configure` is called once a process; forms are in :mod:`app.logs.formats`.
:class:`app.logs.throttle.ThrottledLog` writes what a flood may repeat, and counts the rest.
"""
