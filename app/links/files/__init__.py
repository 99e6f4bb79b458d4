"""Link files that people, spreadsheets and programs write: CSV and JSON, read and written.

:func:`app.links.files.rows.read_rows` yields what a file asks for, line by line, and
:func:`app.links.files.export.write_links` writes what it can read back.
"""
