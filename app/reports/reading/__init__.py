"""Reading of reports: :class:`app.reports.reading.reader.Reports` asks ClickHouse."""
