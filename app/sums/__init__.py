"""Sums of closed days: what reports take instead of all clicks of a day that is over.

:mod:`app.sums.days` says which days' sums can be trusted, and
:class:`app.sums.computation.Computation` makes them of the clicks. A day is computed as a whole,
anew, and under a version of its own; nothing is ever added to.
"""
