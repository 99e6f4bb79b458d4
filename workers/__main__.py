"""Program that runs the consumers under their supervisor: `python -m workers`.

Rule: this file imports nothing of ours until it is run, since every consumer, which multiprocessing
spawns, imports it anew before its own modules.
"""

import gc
import sys

# While all is loaded there is no garbage, and to look for it takes a seventh of that time. A
# consumer has it looked for again when it begins to work.
gc.disable()

if __name__ == "__main__":
    from workers.supervisor.program import main

    gc.freeze()
    gc.enable()
    sys.exit(main())
