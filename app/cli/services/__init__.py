"""Commands that run an installation: all of it on one machine, or one service each.

:func:`~app.cli.services.run.redirect` and ``console`` take the command's place,
:func:`~app.cli.services.up.up` starts everything, ``workers`` and ``settings`` are beside them.
"""
