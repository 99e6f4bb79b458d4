"""`python -m workers` with an enricher that kills its process at a user agent of a test's."""

import os
import signal
import sys

from workers.enrich.enricher import Enricher
from workers.supervisor.program import main

DEADLY = "Deadly/1.0"

_enrich = Enricher.enrich


def _enrich_or_die(self, clicks, *rest):
    if DEADLY.encode() in clicks.user_agents:
        os.kill(os.getpid(), signal.SIGKILL)
    return _enrich(self, clicks, *rest)


# The program and every consumer that it spawns, but no test that imports this file.
if __name__ in ("__main__", "__mp_main__"):
    Enricher.enrich = _enrich_or_die

if __name__ == "__main__":
    sys.exit(main())
