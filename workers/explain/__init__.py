"""Explanation of one click: what came in, what each rule says of it, and what was forgotten.

The command is :func:`workers.explain.command.explain`. :class:`workers.explain.traces.Tracer` finds
what is left of the click, and :func:`workers.explain.account.make_account` tells it.
"""
