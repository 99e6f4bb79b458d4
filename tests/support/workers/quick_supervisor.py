"""`python -m workers`, whose supervisor looks at its consumers ten times as often.

So that a test need not wait a minute until one of them is found superfluous.
"""

import sys

from workers.supervisor import autoscale, program, rate, status_publisher, supervisor

_SECONDS = 0.1

# The program and every consumer that it spawns, but no test that imports this file.
if __name__ in ("__main__", "__mp_main__"):
    supervisor.DECIDE_SECONDS = _SECONDS
    supervisor._LOOK_SECONDS = _SECONDS
    status_publisher.PUBLISH_SECONDS = _SECONDS
    rate.WINDOW_SECONDS = 1.0
    # A small backlog is reason enough, however fast the machine works it off.
    autoscale._LAG_SECONDS = 5 * _SECONDS
    # Of reads of a click or three, Redis takes a quarter of the time.
    autoscale._BUSY = 0.4

if __name__ == "__main__":
    sys.exit(program.main())
