"""The worker with time limits that a test can wait for."""

from app.redirect.patience import Patience
from app.redirect.worker import RedirectWorker


class QuickWorker(RedirectWorker):
    patience = Patience(head=1.0, send=1.0, linger=0.5, parting=0.5)
