"""Load test that is run again while it says that a machine as busy as this one proves nothing."""

import time
from collections.abc import Callable
from typing import Any

from loadtest.report.verdict import EXIT_CODES, Outcome

#: How long a busy machine may spoil one run after the other before the last is taken as it is.
_PATIENCE_SECONDS = 45.0
#: How doubts begin that come of processors which others have; requests that are too few do, too.
_OF_A_BUSY_MACHINE = ("the load generator ", "every redirect: requests ")

Concluded = tuple[int, dict[str, Any]]


def concluded(run: Callable[[], Concluded]) -> Concluded:
    """Run, again while the verdict is void; return exit code and figures of the last.

    A generator without processors is late, and a server without them answers too few requests.
    """
    gives_up_at = time.monotonic() + _PATIENCE_SECONDS
    while True:
        code, figures = run()
        if figures["verdict"] != "void" or time.monotonic() > gives_up_at:
            return code, figures


def assert_concluded(outcome: Outcome, code: int, figures: dict[str, Any]) -> None:
    """Hold a run to what has to come out, or to void where the machine alone is in doubt.

    What is no matter of time, errors and counts, is held whatever the machine did.
    """
    verdict = figures["verdict"]
    assert code == EXIT_CODES[verdict], figures
    assert verdict in (outcome, "void"), figures
    assert bool(figures["doubts"]) or verdict != "void", figures
    if verdict == "void":
        assert all(doubt.startswith(_OF_A_BUSY_MACHINE) for doubt in figures["doubts"]), figures
    if outcome == "met":
        assert not any("errors" in violation for violation in figures["violations"]), figures
