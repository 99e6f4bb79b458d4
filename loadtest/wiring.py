"""How the parts hang on Locust's events, in one process or in a master and its workers."""

import time
from typing import Any

import gevent
from gevent import subprocess

from loadtest.clicks import Console
from loadtest.conclusion import Conclusion
from loadtest.links import as_csv, live_row
from loadtest.locust_run import BEGINS
from loadtest.measurements import Measurements
from loadtest.session import USERS_A_SECOND, Session
from loadtest.verdict import EXIT_CODES

_PART = "hopline"
_NEW_LINKS = "hopline_new_links"
#: Among the options, which a master sends to its workers before they begin.
_RUN = "hopline_run"
#: What Locust may wait for a request in flight when someone presses Stop.
_STOP_SECONDS = 15


def install(environment: Any, **_: Any) -> None:
    """Prepare one process: a worker, a master, or one that is both."""
    load = Load(environment)
    environment.load = load
    environment.session = load.session
    environment.stop_timeout = environment.stop_timeout or _STOP_SECONDS
    events = environment.events
    events.test_start.add_listener(load.begin)
    if not load.is_master:
        environment.runner.register_message(_NEW_LINKS, load.new_links_came)
    if load.is_worker:
        events.report_to_master.add_listener(load.report)
        return
    events.worker_report.add_listener(load.worker_reported)
    events.test_stop.add_listener(load.test_stopped)
    events.quitting.add_listener(load.conclude)


class Load:
    """The load test as one process sees it; the master, or the only process, has the last word."""

    def __init__(self, environment: Any) -> None:
        self._environment = environment
        options = environment.parsed_options
        self.is_worker = bool(options.worker)
        self.is_master = bool(options.master)
        self.session = Session(options, environment.user_classes)
        self._settled: dict[str, bool] = {}
        self._busy: dict[str, float] = {}
        self._measured = Measurements()
        self._conclusion: Conclusion | None = None
        self._makes_links: gevent.Greenlet | None = None
        self._troubles: list[str] = []

    def tick(self) -> tuple[int, float] | None:
        """Return how many users there should be, or None when the run is over."""
        has_begun = self._conclusion is not None
        if has_begun and self._is_over():
            return None
        users = self.session.connections
        return users, min(users, USERS_A_SECOND)

    def begin(self, **_: Any) -> None:
        """Start afresh, with clicks counted as they are before the first request."""
        if not self.is_worker:
            # Whatever fails before the verdict, the run was not met.
            self._environment.process_exit_code = EXIT_CODES["void"]
            self._conclusion = None
            self._troubles = []
            self._measured = Measurements()
            self._settled = {}
            setattr(self._environment.parsed_options, _RUN, f"{time.time_ns() // 1_000_000:x}")
        run = getattr(self._environment.parsed_options, _RUN)
        process = getattr(self._environment.runner, "worker_index", 0)
        self.session.begin(process, run, sends=not self.is_master)
        if not self.is_worker:
            self._conclusion = Conclusion(self._environment, self.session, self._console())
            self._conclusion.count_before()
            # Counting takes seconds, and the clock starts with the users.
            self.session.begin(process, run, sends=not self.is_master)
            self._makes_links = gevent.spawn(self._make_links)
            print(f"{BEGINS}{self.session.judged_from - time.monotonic():.3f} s", flush=True)

    def report(self, client_id: str, data: dict[str, Any]) -> None:  # noqa: ARG002
        """Add to what a worker tells its master, every three seconds."""
        data[_PART] = {
            "run": self.session.run,
            "settled": self.session.is_settled,
            "busy": self.session.busy_share,
            "measured": self.session.hand_over().encode(),
        }

    def worker_reported(self, client_id: str, data: dict[str, Any]) -> None:
        """Merge what a worker tells of this run; before it begins, workers are settled, too."""
        part = data.get(_PART)
        if part and part["run"] == self.session.run:
            self._settled[client_id] = part["settled"]
            if not part["settled"]:
                self._busy[client_id] = part["busy"]
            self._measured.merge(part["measured"])

    def new_links_came(self, environment: Any, msg: Any) -> None:  # noqa: ARG002
        """Visit new links from now on."""
        self.session.new_batches = msg.data["batches"]

    def test_stopped(self, **_: Any) -> None:
        """Conclude a run of the web UI, which goes on after it."""
        if not self._environment.parsed_options.headless:
            gevent.spawn(self._conclude_when_settled)

    def conclude(self, **_: Any) -> None:
        """Count, judge and report; once, whoever asks first."""
        conclusion, self._conclusion = self._conclusion, None
        if conclusion is None:
            return
        if self._makes_links is not None:
            self._makes_links.kill()
        self._measured.merge(self.session.hand_over().encode())
        busiest = max(self._busy.values(), default=self.session.busy_share)
        code = conclusion.draw(
            self._measured, busiest, self._troubles, is_complete=self._is_settled()
        )
        self._environment.process_exit_code = code

    def _conclude_when_settled(self) -> None:
        while not self._is_over():
            gevent.sleep(0.2)
        self.conclude()

    def _is_over(self) -> bool:
        return self._is_settled() or self.session.is_overdue

    def _is_settled(self) -> bool:
        if not self.is_master:
            return self.session.is_settled
        return bool(self._settled) and all(self._settled.values())

    def _console(self) -> Console | None:
        url = self._environment.parsed_options.console
        return Console(url) if url else None

    def _make_links(self) -> None:
        options = self._environment.parsed_options
        if not options.new_links_command:
            return
        batch = 1
        while True:
            gevent.sleep(options.new_links_every)
            rows = (live_row(code) for code in self.session.catalogue.new(batch))
            if trouble := _run(options.new_links_command, as_csv(rows)):
                self._troubles.append(f"new links could not be made: {trouble}")
                return
            batch += 1
            self._environment.runner.send_message(_NEW_LINKS, {"batches": batch})


def _run(command: str, text: str) -> str:
    """Run a shell command with a text as its input; return what went wrong, or an empty text."""
    done = subprocess.run(
        command, shell=True, input=text, capture_output=True, text=True, check=False
    )
    return (done.stderr.strip() or f"exit code {done.returncode}") if done.returncode else ""
