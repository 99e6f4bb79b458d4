"""Child processes that run beside us: embedded stores, services, what a benchmark compares.

:class:`app.processes.child.Program` says what to run and how to know that it answers, and
:class:`app.processes.child.Child` starts it, stops it and says how it ended. Nothing here knows
what Hopline is, so benchmarks and load tests may use it. The workers' supervisor spawns its
consumers by multiprocessing, and has them told of its death from here.
"""
