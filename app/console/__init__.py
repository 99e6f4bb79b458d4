"""Console that answers reports as JSON at a private address.

A Falcon application on gunicorn's threads, which may take as long as a report takes; it shares no
process with visitors. :func:`app.console.app.create_app` puts it together, and gunicorn starts it
by :func:`app.console.wsgi.get_app`.
"""
