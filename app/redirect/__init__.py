"""Redirect service that answers visits of short links, and records each as a click.

gunicorn starts it by :mod:`app.redirect.gunicorn_conf` and :func:`app.redirect.wsgi.get_app`;
:class:`app.redirect.service.RedirectService` puts the parts of one worker process together. A visit
goes from :mod:`app.redirect.server` to :class:`app.redirect.fast_lane.RedirectFastLane`, or else to
:class:`app.redirect.link_resource.LinkResource`; finds its link in :mod:`app.redirect.links`,
becomes an entry in :mod:`app.redirect.visits`, and is recorded by :mod:`app.redirect.clicks`: in
Redis, or on disk. Nothing here waits for ClickHouse.
"""
