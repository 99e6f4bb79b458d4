"""Program that runs the consumers under their supervisor: `python -m workers`.

Rule: this file imports nothing of ours until it is run, since every consumer, which multiprocessing
spawns, imports it anew before its own modules.
"""

import sys

if __name__ == "__main__":
    from workers.supervisor.program import main

    sys.exit(main())
