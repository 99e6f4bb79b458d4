"""Tasks that a worker process does beside answering, and how long they wait.

:class:`app.redirect.tasks.background_task.BackgroundTask` takes a step again and again in a
greenlet, and :class:`app.redirect.tasks.deadlines.Deadlines` ends waits that are all allowed the
same time.
"""
