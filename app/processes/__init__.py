"""Processes as the operating system has them: children, files, locks, and what systemd is told.

:class:`app.processes.child.Program` says what to run and how to know that it answers, and
:class:`app.processes.child.Child` starts it, stops it and says how it ended.
:class:`app.processes.systemd.Notifier` speaks sd_notify(3), and
:func:`app.processes.private_files.keep_to_ourselves` hides what a process writes from other users.
Nothing here knows what Hopline is, so benchmarks and load tests may use it. The workers' supervisor
spawns its consumers by multiprocessing, and has them told of its death from here.
"""
