"""Clicks over HTTP: listed, exported as a file, and each explained.

:class:`~app.console.api.clicks.listing.Clicks`, :class:`~app.console.api.clicks.exports.ClickFile`
and :class:`~app.console.api.clicks.single.ExplainedClick` are the resources. What the first two
have in common is a question: see :mod:`app.console.api.clicks.question`.
"""
