"""Run of the load test: its options, its processes, its clicks counted, its conclusion.

:func:`~loadtest.run.wiring.install` hangs the parts on Locust's events, and
:class:`~loadtest.run.locust_run.LocustRun` starts Locust as a process of its own.
"""
