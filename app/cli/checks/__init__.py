"""Commands that say whether an installation is well, and how large it has to be.

:func:`~app.cli.checks.doctor.doctor` and :func:`~app.cli.checks.audit.audit` look at a running one,
:func:`~app.cli.checks.capacity.capacity` forecasts one, ``metrics`` explains what is measured.
"""
