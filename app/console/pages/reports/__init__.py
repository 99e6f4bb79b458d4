"""Parts of pages that show reports: time, filters, totals, chart and cards.

:func:`~app.console.pages.reports.panels.read_asked` reads an address,
:class:`~app.console.pages.reports.desk.ReportDesk` answers, and
:func:`~app.console.pages.reports.panels.report_values` makes what templates show of it.
"""
