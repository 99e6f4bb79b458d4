"""Reports that say how often a link was followed, by whom and when, over distinct clicks.

:class:`app.reports.reader.Reports` asks ClickHouse, and :class:`app.reports.stats.Stats` is the
answer, which :func:`app.reports.stats.to_json` writes for programs. Console and command line only
show it.
"""
