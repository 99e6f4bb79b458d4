"""What a run is worth: its budget, its verdict, its figures as JSON and as a page.

:func:`~loadtest.report.budget.check` compares what was measured with the limits,
:func:`~loadtest.report.verdict.judge` weighs it, :func:`~loadtest.report.figures.as_json` makes it
plain, and :func:`~loadtest.report.page.render` draws the page.
"""
