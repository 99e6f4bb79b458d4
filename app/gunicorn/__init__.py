"""Parts that make gunicorn do what redirect and console ask of it, by what it has inside.

:class:`app.gunicorn.errors.OwnErrors` answers in place of gunicorn, by the rules of
:mod:`app.gunicorn.messages`; :class:`app.gunicorn.logger.Logger` writes its log lines, and
:func:`app.gunicorn.watchdog.keep_watch` has its arbiter tell systemd that it lives, and
:class:`app.gunicorn.lingering.Lingering` saves its threads ways. The redirect's own worker is in
:mod:`app.redirect.server.gunicorn`.
"""
