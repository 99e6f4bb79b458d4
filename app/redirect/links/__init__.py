"""Links as a worker process knows them: from memory while Redis vouches for it, else asked for.

:class:`app.redirect.links.lookup.Lookup` finds a code's link and
:class:`app.redirect.links.tracking.Tracking` hears which change;
:class:`app.redirect.links.click_limits.ClickLimits` counts the clicks of limited ones.
:class:`app.redirect.links.cluster_lookup.ClusterLookup` and
:class:`app.redirect.links.cluster_limits.ClusterClickLimits` do so over a cluster.
"""
