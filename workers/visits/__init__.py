"""Visits of other programs' histories, brought in as clicks, each once: `hopline visits import`.

A file's rows are read in :mod:`workers.visits.visit`, and
:class:`workers.visits.visit_import.VisitImport` has them enriched and stored.
"""
