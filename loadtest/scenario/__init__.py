"""What Locust runs: who visits which links when, and what happens at a run's beginning and end.

``loadtest/locustfile.py`` has the scenarios. :func:`~loadtest.scenario.wiring.install` hangs them
on Locust's events, :class:`~loadtest.scenario.session.Session` is one process's part of a run, and
:class:`~loadtest.scenario.locust_run.LocustRun` starts Locust as a process of its own.
"""
