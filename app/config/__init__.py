"""Settings that every process reads from its environment, and what follows from them alone.

:class:`app.config.settings.Settings` holds them all, each with its default and sentence;
:func:`app.config.loading.load` reads them. :func:`app.config.access.console_refusal` and
:class:`app.config.access.MetricsAccess` say who may ask what is not public, and
:func:`app.config.instance.instance_id` which installation answers.
"""
