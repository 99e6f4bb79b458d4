"""Clicks over HTTP: listed, exported as a file, and each explained.

:class:`~app.console.api.clicks.listing.Clicks` and
:class:`~app.console.api.clicks.exports.ClickFile` are the resources. What they have in common is a
question: see :mod:`app.console.api.clicks.question`.
"""
