"""Wiring of the parts to Locust's events, in one process or in a master and its workers."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gevent
from gevent import subprocess

from loadtest.common.measurements import Measurements
from loadtest.report import baseline
from loadtest.report.verdict import EXIT_CODES, Verdict
from loadtest.run import options as given
from loadtest.run import preflight, web
from loadtest.run.clicks import Console, ConsoleFailed
from loadtest.run.conclusion import Conclusion
from loadtest.run.locust_run import BEGINS
from loadtest.run.processes import Processes
from loadtest.scenario.links import as_csv, live_row
from loadtest.scenario.session import USERS_A_SECOND, Run, Session

_PART = "hopline"
_NEW_LINKS = "hopline_new_links"
#: Among the options, which a master sends to its workers before they begin.
_RUN = "hopline_run"
#: What Locust may wait for a request in flight when someone presses Stop.
_STOP_SECONDS = 15
#: Workers tell their master what they measured every three seconds.
_REPORT_SECONDS = 3.5
#: The longest that making some links may take, over ssh as well.
_COMMAND_SECONDS = 60.0
_STOPPED = "visits of the last seconds before the stop were not reported"


def install(environment: Any, runner: Any = None, web_ui: Any = None, **_: Any) -> None:
    """Prepare one process: a worker, a master, or one that is both."""
    if not environment.parsed_options.worker:
        _prepare(environment.parsed_options)
    try:
        load = Load(environment)
    except baseline.BaselineFailed as error:
        sys.exit(_usage(str(error)))
    environment.load = load
    environment.session = load.session
    environment.stop_timeout = environment.stop_timeout or _STOP_SECONDS
    events = environment.events
    events.test_start.add_listener(load.begin)
    if not load.is_master:
        runner.register_message(_NEW_LINKS, load.new_links_came)
    if load.is_worker:
        events.report_to_master.add_listener(load.report_part)
        return
    events.worker_report.add_listener(load.worker_reported)
    events.test_stop.add_listener(load.test_stopped)
    events.quitting.add_listener(load.conclude)
    if web_ui is not None:
        web.install(web_ui, load)


def _prepare(options: Any) -> None:
    """Take Locust's own options for ours, and refuse what can't be before anything runs."""
    if options.num_users is None:
        options.num_users = options.connections
    options.spawn_rate = options.spawn_rate or USERS_A_SECOND
    given.take_common(options)
    if complaint := given.complaint(options):
        sys.exit(_usage(complaint))
    try:
        Path(options.report).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        sys.exit(_usage(f"--report {options.report}: {error.strerror}"))


def _usage(complaint: str) -> int:
    print(f"loadtest: {complaint}", file=sys.stderr, flush=True)
    return 2


class Load:
    """The load test as one process sees it; the master, or the only process, has the last word.

    Attributes:
        verdict: of the last run; None before it is drawn.
        stage: what is going on, for people.

    Raises:
        BaselineFailed: there is no run to compare with.
    """

    def __init__(self, environment: Any) -> None:
        self._environment = environment
        options = environment.parsed_options
        self.is_worker = bool(options.worker)
        self.is_master = bool(options.master)
        self.session = Session(options, environment.user_classes)
        self.processes = Processes()
        path = "" if self.is_worker else options.baseline
        self._baseline = baseline.read(path) if path else None
        self.verdict: Verdict | None = None
        self.stage = "no run yet"
        self._measured = Measurements()
        self._conclusion: Conclusion | None = None
        self._concluding: gevent.Greenlet | None = None
        self._makes_links: gevent.Greenlet | None = None
        self._troubles: list[str] = []
        # Locust asks for ticks meanwhile, and a short run's time can be over before it begins.
        self._is_looking = False

    @property
    def report_text(self) -> str:
        """The report of the last run; empty before it is written."""
        report = Path(self._environment.parsed_options.report)
        return report.read_text() if self.verdict is not None and report.exists() else ""

    def tick(self) -> tuple[int, float] | None:
        """Return how many users there should be, or None when the run is over."""
        if self._conclusion is None:
            given.take_common(self._environment.parsed_options)
            # Locust puts it before each path as it is.
            self._environment.host = (self._environment.host or "").rstrip("/")
            self.session.plan(each.__name__ for each in self._environment.user_classes)
        elif not self._is_looking and self._is_over():
            return None
        users = self.session.connections
        return users, min(users, self._users_a_second())

    def begin(self, **_: Any) -> None:
        """Start afresh, with clicks counted as they are before the first request."""
        if self.is_worker:
            run = Run.decode(getattr(self._environment.parsed_options, _RUN))
            self.session.begin(self._environment.runner.worker_index, run, sends=True)
            return
        if self._concluding is not None:
            self._concluding.join()
        # Whatever fails before the verdict, the run was not met.
        self._environment.process_exit_code = EXIT_CODES["void"]
        self.verdict, self.stage = None, "running"
        self._troubles = []
        self._measured = Measurements()
        self._begin_session(f"{time.time_ns() // 1_000_000:x}")
        self._conclusion = Conclusion(
            self._environment, self.session, self._console(), self._baseline
        )
        self._is_looking = True
        trouble = self._look_before(self._conclusion)
        self._is_looking = False
        if trouble:
            self._troubles.append(trouble)
            self._begin_session("")
            return
        # Looking takes seconds, and the clock starts with the users.
        self._begin_session(self.session.run.name)
        self.processes.begin(self._workers())
        self._makes_links = gevent.spawn(self._make_links)
        print(f"{BEGINS}{self.session.judged_from - time.monotonic():.3f} s", flush=True)

    def _begin_session(self, name: str) -> None:
        """Start the clock; without a name the run is called off."""
        run = Run(name, tuple(self.session.scenarios), self._users_a_second())
        setattr(self._environment.parsed_options, _RUN, run)
        self.session.begin(0, run, sends=not self.is_master)

    def _look_before(self, conclusion: Conclusion) -> str:
        """Count the clicks before the run; return why it would tell nothing, or an empty text."""
        options, host = self._environment.parsed_options, self._environment.host
        trouble = given.complaint(options) or preflight.complaint(host, self.session.catalogue)
        if not trouble:
            try:
                conclusion.count_before()
            except ConsoleFailed as error:
                return str(error)
        return trouble

    def _console(self) -> Console | None:
        url = self._environment.parsed_options.console
        return Console(url) if url else None

    def _users_a_second(self) -> float:
        return float(self._environment.parsed_options.spawn_rate or 0) or USERS_A_SECOND

    def _workers(self) -> set[str]:
        """Return the processes that are there, and not merely remembered."""
        if not self.is_master:
            return set()
        clients = self._environment.runner.clients
        return {each.id for each in (*clients.ready, *clients.spawning, *clients.running)}

    def report_part(self, client_id: str, data: dict[str, Any]) -> None:  # noqa: ARG002
        """Add to what a worker tells its master, every three seconds."""
        data[_PART] = {
            "run": self.session.run.name,
            "settled": self.session.is_settled,
            "busy": self.session.busy_share,
            "measured": self.session.hand_over().encode(),
        }

    def worker_reported(self, client_id: str, data: dict[str, Any]) -> None:
        """Merge what a worker tells of this run; before it begins, workers are settled, too."""
        part = data.get(_PART)
        if part and part["run"] == self.session.run.name:
            self.processes.reported(client_id, part["busy"], is_settled=part["settled"])
            self._measured.merge(part["measured"])

    def new_links_came(self, environment: Any, msg: Any) -> None:  # noqa: ARG002
        """Visit new links from now on."""
        self.session.new_batches = msg.data["batches"]

    def test_stopped(self, **_: Any) -> None:
        """Conclude a run of the web UI, which goes on after it."""
        if not self._environment.parsed_options.headless and self._conclusion is not None:
            self._concluding = gevent.spawn(self._conclude_stopped)

    def _conclude_stopped(self) -> None:
        """Conclude after the last reports, whether the run came to its end or was stopped."""
        if not self._is_over() and self.is_master:
            gevent.sleep(_REPORT_SECONDS)
        self._conclude()

    def conclude(self, **_: Any) -> None:
        """Conclude before Locust ends."""
        if self._concluding is not None:
            self._concluding.join()
        self._conclude()

    def _conclude(self) -> None:
        """Count, judge and report, once."""
        conclusion, self._conclusion = self._conclusion, None
        if conclusion is None:
            return
        self.stage = "clicks are counted"
        if self._makes_links is not None:
            self._makes_links.kill()
        is_complete = self._is_called_off or (self._is_settled() and not self.processes.lost)
        self._measured.merge(self.session.hand_over().encode())
        self.verdict = conclusion.draw(
            self._measured,
            self.processes.busiest or self.session.busy_share,
            [*self._troubles, *self.processes.troubles, *self._exceptions()],
            is_complete=is_complete,
            strays="" if is_complete else _STOPPED,
        )
        self._environment.process_exit_code = self.verdict.exit_code

    def _exceptions(self) -> Iterator[str]:
        """Yield what users ran into instead of sending: nobody else would miss those requests."""
        for row in self._environment.runner.exceptions.values():
            yield f"{row['count']:,} visits failed in the load generator itself: {row['msg']}"

    @property
    def _is_called_off(self) -> bool:
        return not self.session.run.name

    def _is_over(self) -> bool:
        self.processes.look(self._workers())
        return self._is_called_off or self._is_settled() or self.session.is_overdue

    def _is_settled(self) -> bool:
        return self.processes.are_settled if self.is_master else self.session.is_settled

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
    with subprocess.Popen(
        command,
        shell=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        # So that one that hangs can be ended with all that it has started, and asks no terminal.
        start_new_session=True,
    ) as process:
        try:
            _, complaint = process.communicate(text, timeout=_COMMAND_SECONDS)
        except subprocess.TimeoutExpired:
            return f"the command took longer than {_COMMAND_SECONDS:g} s"
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    return (complaint.strip() or f"exit code {process.returncode}") if process.returncode else ""
