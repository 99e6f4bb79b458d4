"""Local stack of stores, services and workers: `hopline up` starts, watches over and stops it."""

import os
import signal
import time
from collections.abc import Callable
from types import FrameType

from app.config.settings import Settings
from app.config.variables import variable
from app.local import services
from app.local.data_dir import DataDir
from app.local.process_group import ProcessGroup
from app.local.stores import Store
from app.processes.child import ChildFailed, Program
from app.schema.migrations import migrate_as_set

START_SECONDS = 60.0
STOP_SECONDS = 9.0
_POLL_SECONDS = 0.05
_STORES, _WORKERS, _SERVICES, _DEMO = range(4)


#: Where the services answer, which the command in another terminal has to know.
BINDS = ("redirect_bind", "console_bind", "redirect_metrics_bind", "workers_metrics_bind")
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class LocalStack:
    """The stores, the services and the workers of one data directory.

    Args:
        settings: with the stores' URLs and whatever else the services shall see.
        overrides: settings, by field name, that the services are given beside our environment.
        stop_requests: how many times a person asked to stop; the second time means now.
    """

    def __init__(
        self,
        settings: Settings,
        overrides: dict[str, str],
        data: DataDir,
        group: ProcessGroup,
        stop_requests: Callable[[], int],
    ) -> None:
        self._settings = settings
        self._overrides = overrides
        self._data = data
        self._group = group
        self._stop_requests = stop_requests

    def start(self, stores: list[Store], *, demo: bool) -> bool:
        """Start everything, and tell whether all answers; False when a stop was asked meanwhile.

        Raises:
            ChildFailed: something can't start.
            ClickHouseError: the schema can't be brought up to date.
        """
        overrides = {variable(name): value for name, value in self._overrides.items()}
        environ = {**os.environ, **overrides}
        for store in stores:
            if store.program:
                self._spawn(store.program, _STORES)
        if not self._wait_until_ready():
            return False
        self._spawn(services.gunicorn_program("redirect", self._settings, environ), _SERVICES)
        self._spawn(services.gunicorn_program("console", self._settings, environ), _SERVICES)
        migrate_as_set(self._settings)
        self._spawn(services.workers_program(self._settings, environ), _WORKERS)
        if not self._wait_until_ready():
            return False
        binds = {name: getattr(self._settings, name) for name in BINDS}
        self._data.write_running({**self._overrides, **binds})
        if demo:
            self._spawn(services.demo_program(environ), _DEMO)
        return True

    def watch(self) -> None:
        """Respawn whatever dies, until a stop is asked for."""
        while not self._stop_requests():
            self._group.tend()
            time.sleep(_POLL_SECONDS)

    def stop(self) -> list[str]:
        """Stop everything within :data:`STOP_SECONDS`; return the names of what was killed."""
        self._data.remove_running()
        return self._group.stop(STOP_SECONDS, lambda: self._stop_requests() > 1)

    def _spawn(self, program: Program, stage: int) -> None:
        self._group.start(program, self._data.log_path(program.name), stage)

    def _wait_until_ready(self) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while waiting := self._group.unready():
            if self._stop_requests():
                return False
            if time.monotonic() > deadline:
                names = " and ".join(waiting)
                raise ChildFailed(
                    f"{names} did not answer in {START_SECONDS:.0f} s; see {self._data.logs}"
                )
            self._group.tend()
            self._group.require_started()
            time.sleep(_POLL_SECONDS)
        return True


class StopRequests:
    """A context in which Ctrl-C, SIGTERM and a closed terminal are counted, and do nothing else.

    Attributes:
        count: requests so far; the second means now.
    """

    def __init__(self) -> None:
        self.count = 0
        self._before: dict[signal.Signals, signal.Handlers] = {}

    def __enter__(self) -> "StopRequests":
        for number in _SIGNALS:
            self._before[number] = signal.signal(number, self._add)  # type: ignore[assignment]
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _add(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
