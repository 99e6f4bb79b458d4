"""Supervisor that keeps N consumers alive, replaces them without a gap, and shows how they fare.

:class:`workers.supervisor.supervisor.Supervisor` is the loop over its
:class:`workers.supervisor.pool.WorkerPool` of consumer processes; reload, autoscaling and status
are beside it.
"""
