"""Places that addresses are at: country, region, city and network, from databases of the operator.

:class:`workers.enrich.places.places.Places` is what consumers use.
"""
