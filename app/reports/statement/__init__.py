"""Statement of a report: parts whose figures add up, of clicks and of sums of days.

:func:`app.reports.statement.report.compile_plan` makes it. Each part returns a panel's number, the
plan's keys, and its figures, whose names begin with :data:`app.reports.statement.columns.PART`.
"""
