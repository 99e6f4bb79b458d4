"""Worker that runs the redirect's HTTP server under gunicorn's arbiter.

:class:`app.redirect.server.gunicorn.worker.RedirectWorker` is gunicorn's ``worker_class``;
:class:`app.redirect.server.gunicorn.fallback.FallbackSocket` leaves unusual requests to gunicorn's
handler.
"""
