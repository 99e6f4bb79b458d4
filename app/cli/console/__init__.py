"""Commands about who may ask the console, and who changed what.

:mod:`~app.cli.console.keys` and :mod:`~app.cli.console.changes`.
"""
