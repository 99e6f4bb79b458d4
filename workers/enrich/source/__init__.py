"""Sources that name where visitors came from: Google whichever its host, a newsletter, an app.

:class:`workers.enrich.source.named_sources.NamedSources` knows sites and apps by their hosts, from
``sources.tsv``; :func:`workers.enrich.source.campaign.read_campaign` reads ``utm_`` parameters;
:func:`workers.enrich.source.channel.channel` decides for both. The table is our own; each line
has a name, its kind, and hosts: ``name.*`` is the name under any public suffix, ``host/path`` a
part of a site, ``app:`` an Android package, ``ios:`` an app's number, and ``word:`` what
campaigns call it.
"""
