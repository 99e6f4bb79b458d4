"""gunicorn's own worker, which decides what is refused.

Its refusals are written by us: on Python 3.14 gunicorn ends their header in a bare line feed, and
nobody can read them to compare.
"""

from gunicorn.workers.ggevent import GeventWorker

from app.gunicorn.errors import OwnErrors


class StockWorker(OwnErrors, GeventWorker):
    """Serves as gunicorn does."""
