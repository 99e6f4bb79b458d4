"""Fault kit: what breaks processes on purpose, and mends them again.

The load test, the benchmark and the chaos tool (``tests/chaos/``) inject by it.
:class:`~loadtest.faults.injection.Injection` is a fault under way, :mod:`loadtest.faults.processes`
freezes, kills and signals, and :data:`~loadtest.faults.table.FAULTS` is what the load test injects.
"""
