"""Metrics of all processes: each is declared here once, counted, added up and shown.

One file a kind of process declares them, e.g. :class:`app.metrics.redirect.RedirectMetrics` and
:class:`app.metrics.workers.WorkerMetrics`. Each process writes a snapshot into a directory once a
second (:func:`app.metrics.publisher.published`), and the one that stays serves their sum at a
private address (:class:`app.metrics.exposition.Exposition`,
:class:`app.metrics.server.MetricsServer`). No counter goes back when a process ends.
"""
