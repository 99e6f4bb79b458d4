"""Sums of closed days that reports take instead of reading each click again.

:func:`app.reports.sums.division.divide` decides which days of a plan's periods are answered by
sums, and :mod:`app.reports.statement` has the SQL that adds them to the raw rows of all other days.
"""
