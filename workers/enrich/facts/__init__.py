"""Facts about the world that enrichment's steps look up: makers, models, systems, applications.

Each table says where its facts are from; what is decided by them stands in the steps that use them.
"""
