"""Cluster of Redis or Valkey as a redirect worker reaches it: one pipeline for each primary.

:class:`app.redirect.redis.cluster.primaries.Primaries` tells which
:class:`app.redirect.redis.cluster.primary.Primary` serves a slot, and sends on what was redirected;
:class:`app.redirect.redis.cluster.monitor.ClusterMonitor` keeps it to the cluster's map, for which
:class:`app.redirect.redis.cluster.nodes.Nodes` are asked.
"""
