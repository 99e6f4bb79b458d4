"""Metrics exposition that adds up what all processes of a service count.

Each process writes a snapshot into a directory once a second
(:func:`app.exposure.publisher.published`), and the one that stays serves their sum at a private
address (:class:`app.exposure.exposition.Exposition`, :class:`app.exposure.server.MetricsServer`).
No counter goes back when a process ends. What is counted is declared elsewhere, in
:mod:`app.metrics` and beside it.
"""
