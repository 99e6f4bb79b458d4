"""Application that redirects visitors, answers reports and is run by `hopline`.

:mod:`app.redirect` and :mod:`app.console` are two kinds of process; :mod:`app.cli` and
:mod:`app.local` start them. Everything else here is used by more than one kind, :mod:`workers`
being the third. Imports point downward: ``tests/test_layers.py`` holds the order of the packages,
and none of them imports :mod:`workers`.
"""
