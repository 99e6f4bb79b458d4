"""`python -m workers` with an enricher that kills its process at a user agent of a test's."""

import os
import signal
import sys

from workers.enrich.enricher import Enricher
from workers.supervisor.program import main

DEADLY = "Deadly/1.0"

_enrich = Enricher.enrich


def _enrich_or_die(self, clicks, now_ms):
    if DEADLY.encode() in clicks.user_agents:
        os.kill(os.getpid(), signal.SIGKILL)
    return _enrich(self, clicks, now_ms)


# Not under __main__: every spawned consumer imports this file anew.
Enricher.enrich = _enrich_or_die

if __name__ == "__main__":
    sys.exit(main())
