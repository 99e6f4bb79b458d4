"""Reports that answer any question about clicks, over distinct clicks.

:class:`app.reports.query.Query` is the question, which :func:`app.reports.spellings.read` and
:func:`app.reports.json_form.from_json` read; :class:`app.reports.reading.reader.Reports` asks
ClickHouse, and :class:`app.reports.answer.Answer` is the answer:
:func:`app.reports.answer.to_json` writes it for programs. Console and command line only show it.
"""
