"""Scenarios of the load test: who visits which links when, and what one process measures of it.

``loadtest/locustfile.py`` has the scenarios themselves, each a
:class:`~loadtest.scenario.visitor.Visitor`; :class:`~loadtest.scenario.session.Session` is one
process's part of a run.
"""
