"""Enrichment that turns clicks into rows: browser, system, device, country, referrer, bot, visitor.

:class:`workers.enrich.enricher.Enricher` is what consumers and the replay use. Beside it stands a
file for each question, with a pure function or a small class that answers it for one text;
:class:`workers.enrich.memo.Memo` remembers the answers, since texts repeat.
"""
