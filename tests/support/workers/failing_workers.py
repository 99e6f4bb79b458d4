"""`python -m workers` whose consumers hang, die or take their time while a file says so.

The file that FAILING_WORKERS names holds ``hang``, ``die`` or ``slow``; while it is not there, they
are ordinary. A turn that hangs is noticed after seconds instead of minutes, and the number of
consumers is decided twice a second.
"""

import os
import sys
import time
from pathlib import Path

from workers.consumer import liveness
from workers.consumer.consumer import Consumer
from workers.supervisor import supervisor
from workers.supervisor.program import main

_turn = Consumer._turn


def _failing_turn(self):
    marker = Path(os.environ["FAILING_WORKERS"])
    failure = marker.read_text() if marker.exists() else ""
    if failure == "die":
        raise RuntimeError("told to die")
    if failure == "slow":
        time.sleep(0.2)
    if failure == "hang":
        self._pulse.beat()
        sys.stderr.write("hanging\n")
        time.sleep(600)
    _turn(self)


# The program and every consumer that it spawns, but no test that imports this file.
if __name__ in ("__main__", "__mp_main__"):
    Consumer._turn = _failing_turn
    liveness._MARGIN_SECONDS = 3.0
    liveness._CLICKHOUSE_CALLS = 0
    liveness._WAITS = 0
    supervisor.DECIDE_SECONDS = 0.5

if __name__ == "__main__":
    sys.exit(main())
