"""Command line that runs, feeds and inspects an installation: `hopline`.

A room holds the commands of one kind, one module each, with a view beside it where there is much to
show. They parse options, call what stands below, and write the answer; they decide nothing.
:func:`app.cli.entry.main` is the entry point, and the table ``COMMANDS`` of :mod:`app.cli.main`
names every command's module. All of them write by :mod:`app.terminal.output`, and read times by
:mod:`app.terminal.options`.
"""
