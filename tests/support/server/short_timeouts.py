"""Worker with time limits that a test can reach."""

from app.redirect.server.gunicorn.worker import RedirectWorker
from app.redirect.server.timeouts import Timeouts


class ShortTimeoutsWorker(RedirectWorker):
    timeouts = Timeouts(head=1.0, send=1.0, linger=0.5, parting=0.5)
    most_fallbacks = 2
