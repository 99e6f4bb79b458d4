"""Run of Locust that goes on in a process of its own."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadtest.report.verdict import EXIT_CODES

_ROOT = Path(__file__).parents[2]
#: What Locust writes when the clock starts (wiring.py), with the seconds until the first judged
#: request.
BEGINS = "hopline: load begins, judged from "
#: What it writes before the outcome (conclusion.py).
VERDICT = "verdict: "
#: Locust's, and ours, for wrong usage.
_USAGE = 2
#: Beyond the longest run: users, warm-up, drain, settling.
_MARGIN_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class LocustRun:
    """What Locust is asked to do.

    Attributes:
        options: name, without its hyphens, to value; True for a flag. A list is given again.
        scenarios: user classes; empty for all of them.
    """

    host: str
    report: Path
    seconds: float
    options: dict[str, Any]
    scenarios: tuple[str, ...] = ()

    def command(self) -> list[str]:
        """Return the command line."""
        options = {"host": self.host, "report": self.report, "seconds": self.seconds}
        return [
            sys.executable,
            *("-m", "locust", "-f", str(_ROOT / "loadtest" / "locustfile.py")),
            # Without Locust's log and tables: its percentiles are rounded, and ours are not.
            *("--headless", "--only-summary", "--skip-log-setup"),
            *_arguments(options | self.options),
            *self.scenarios,
        ]

    def run(self, say: Callable[[str], None], at: tuple[float, Callable[[], None]] | None) -> int:
        """Run it to its end, pass on what it says, and return its exit code.

        Ctrl-C is left to Locust, which gets it from the terminal as well and concludes. Without a
        verdict nothing was proved, whatever Locust ends with.

        Args:
            at: seconds after the warm-up, and what to do then, in a thread.
        """
        is_judged = False
        with subprocess.Popen(
            self.command(),
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            interrupt = signal.signal(signal.SIGINT, lambda *_: None)
            timers = [_started(self.seconds + _MARGIN_SECONDS, process.kill)]
            try:
                for line in process.stdout or ():
                    is_judged = is_judged or line.startswith(VERDICT)
                    if not line.startswith(BEGINS):
                        say(line.rstrip())
                    elif at:
                        begins_in = float(line.removeprefix(BEGINS).split()[0])
                        timers.append(_started(begins_in + at[0], at[1]))
                code = process.wait()
                return code if is_judged or code == _USAGE else EXIT_CODES["void"]
            finally:
                process.kill()
                timers[0].cancel()
                for timer in timers:
                    timer.join()
                signal.signal(signal.SIGINT, interrupt)

    def forget(self) -> None:
        """Remove the figures of an earlier run, so that nobody takes them for this one's."""
        self.report.with_suffix(".json").unlink(missing_ok=True)

    def figures(self) -> dict[str, Any]:
        """Read what the run measured.

        Raises:
            FileNotFoundError: it came to no conclusion.
        """
        read: dict[str, Any] = json.loads(self.report.with_suffix(".json").read_text())
        return read


def _started(seconds: float, act: Callable[[], object]) -> threading.Timer:
    timer = threading.Timer(seconds, act)
    timer.start()
    return timer


def _arguments(options: dict[str, Any]) -> Iterable[str]:
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        for each in value if isinstance(value, list) else [value]:
            if each is True:
                yield flag
            elif each is not False and each is not None and each != "":
                yield from (flag, str(each))
