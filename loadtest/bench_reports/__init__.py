"""Benchmark of reports: one engine beside the six scans of before, over generated clicks.

:mod:`loadtest.bench_reports.installation` is `hopline up` with clicks that ClickHouse makes up, and
:mod:`loadtest.bench_reports.questions` what is asked.
"""
