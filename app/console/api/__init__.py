"""Interface that programs ask over HTTP: reports on links as JSON.

:class:`app.console.api.stats.LinkStats` is the one resource, and
:func:`app.console.api.problem.write_problem` how every error of the console reads (RFC 9457).
"""
