"""Exports of clicks: CSV, NDJSON and Parquet, in bounded memory, and resumed where one broke off.

:class:`app.exports.clicks.ClickExport` reads the clicks, :mod:`app.exports.text` and
:mod:`app.exports.parquet` give them their form, and :class:`app.exports.part.Part` is the file that
is being written.
"""
