"""Entry point that runs `hopline`: Ctrl-C ends it in one line, and its standard files are open.

Rule: this file imports next to nothing, since what comes before its first line is out of our hands.
"""

import gc
import os
import signal
import sys
from types import FrameType

#: What shells tell of a command that Ctrl-C has ended, and typer's own exit code for it.
INTERRUPTED = 128 + signal.SIGINT


def main() -> None:
    """Run the command; exit code 0 done, 1 failed or not found, 2 wrong usage, 130 by Ctrl-C."""
    # Whoever starts us in the background has us ignore Ctrl-C.
    is_ours = signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
    if is_ours:
        # While all is loaded, Ctrl-C ends the process at once, and Python has nothing to tell.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    open_missing_files()
    # While all is loaded there is no garbage, and to look for it takes a tenth of that time.
    gc.disable()
    from app.cli.main import main as run  # noqa: PLC0415 - see above

    try:
        if is_ours:
            signal.signal(signal.SIGINT, _interrupt)
        run()
    except KeyboardInterrupt:
        sys.stderr.write("hopline: stopped\n")
        sys.exit(INTERRUPTED)
    finally:
        if is_ours:
            signal.signal(signal.SIGINT, signal.SIG_DFL)


def open_missing_files() -> None:
    """Have standard input, output and error be nothing where the caller has closed them.

    Else the next file or connection would take their number, and what is printed would go there.
    """
    names = ("stdin", "stdout", "stderr")
    for number, name in enumerate(names):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            setattr(sys, name, os.fdopen(number, "r" if name == "stdin" else "w", closefd=False))


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    # Who presses it again while we end doesn't want to read where we were.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    raise KeyboardInterrupt
