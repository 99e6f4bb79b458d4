"""Interface that programs ask over HTTP: reports as JSON.

:class:`app.console.api.stats.LinkStats` and :class:`app.console.api.stats.AnyStats` are the
resources, and :func:`app.console.api.problem.write_problem` how every error of the console reads
(RFC 9457).
"""
