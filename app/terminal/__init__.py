"""Terminal that commands read options from and write answers to.

:func:`app.terminal.output.print_table` and :func:`app.terminal.output.print_json` write,
:class:`app.terminal.output.Failure` ends a command, and :func:`app.terminal.options.read_moment`
reads times.
"""
