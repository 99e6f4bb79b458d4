"""Shlink's interface (REST v3, with v2 and v1 as its aliases), for the clients that speak it.

:func:`app.console.shlink.routes.shlink_routes` is all that is served, and
:func:`app.console.shlink.protocol.problems.write_problem` how errors are told there. What is
answered and what isn't stands in docs/switching.md.
"""
