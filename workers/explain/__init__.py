"""Command that explains one click, beside what a replay would make of it today.

It is :func:`workers.explain.command.explain`, over :mod:`app.explain.account`.
"""
