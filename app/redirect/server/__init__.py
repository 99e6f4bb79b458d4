"""HTTP server that serves every connection of a worker process from one loop.

:class:`app.redirect.server.event_loop.ConnectionServer` owns the connections, and
:class:`app.redirect.server.dispatch.Dispatcher` chooses what answers: an application's
:class:`app.redirect.server.dispatch.FastLane`, its WSGI callable, or gunicorn. The plain request is
read, and bytes are moved, in C. It knows nothing of links or clicks.
"""
