"""The redirect with a deliberate sleep in it, for gunicorn.

It has no fast lane, so that every visit comes through here.
"""

import gevent

from app.redirect import wsgi

SLEEP_SECONDS = 0.06


def get_app():
    app = wsgi.get_app()

    def slow_app(environ, start_response):
        gevent.sleep(SLEEP_SECONDS)
        return app(environ, start_response)

    slow_app.service = app.service
    return slow_app
