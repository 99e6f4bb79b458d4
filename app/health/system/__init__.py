"""How an installation fares, as its console tells programs."""
