"""Process of a worker as it sees itself: its heartbeat, its signals, its waits.

:class:`workers.process.heartbeat.Heartbeat` is memory that supervisor and consumer share, and
:class:`workers.process.signals.Stop` says whether to stop.
"""
