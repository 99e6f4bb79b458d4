"""Local stack of stores, services and workers: `hopline up` starts, watches over and stops it."""

import math
import os
import signal
import time
from collections.abc import Callable
from functools import partial
from types import FrameType

from app.config.access import console_refusal
from app.config.settings import Settings
from app.config.variables import variable
from app.keys.store import may_have_keys
from app.local import services
from app.local.data_dir import DataDir
from app.local.process_group import ProcessGroup, Say
from app.local.stores import Store
from app.processes.child import ChildFailed, Program
from app.schema.migrations import migrate_as_set
from app.stores.redis.loading import Loading, ask_loading

#: How long a part may take to answer, without a sign that it comes closer to that.
START_SECONDS = 60.0
STOP_SECONDS = 9.0
_POLL_SECONDS = 0.05
#: How often Redis is asked how far it is, and how often a person is told.
_ASK_SECONDS, _SAY_SECONDS = 0.5, 5.0
#: Longest wait for its answer; it pauses between two while it loads.
_ANSWER_SECONDS = 2.0
_STORES, _WORKERS, _SERVICES, _DEMO = range(4)


#: Where the services answer, which the command in another terminal has to know.
BINDS = ("redirect_bind", "console_bind", "redirect_metrics_bind", "workers_metrics_bind")
#: When a key can be added to an embedded Redis.
WHEN = " while `hopline up` runs with the console at 127.0.0.1"
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class DoorOpen(Exception):
    """Other machines would reach the console without a key; the text says what to do."""


def require_door(settings: Settings, has_keys: Callable[[], bool], when: str = WHEN) -> None:
    """Have nobody start a console that is open to others.

    Args:
        has_keys, when: as :func:`app.config.access.console_refusal` takes them.

    Raises:
        DoorOpen: that it would be.
    """
    bind, token = settings.console_bind, settings.console_token
    if refusal := console_refusal(bind, token, has_keys, when):
        raise DoorOpen(refusal)


class LocalStack:
    """The stores, the services and the workers of one data directory.

    Args:
        settings: with the stores' URLs and whatever else the services shall see.
        overrides: settings, by field name, that the services are given beside our environment.
        stop_requests: how many times a person asked to stop; the second time means now.
        say: tells a person one line.
    """

    def __init__(
        self,
        settings: Settings,
        overrides: dict[str, str],
        data: DataDir,
        group: ProcessGroup,
        stop_requests: Callable[[], int],
        say: Say,
    ) -> None:
        self._settings = settings
        self._overrides = overrides
        self._data = data
        self._group = group
        self._stop_requests = stop_requests
        self._say = say

    def start(self, stores: list[Store], *, demo: bool) -> bool:
        """Start everything, and tell whether all answers; False when a stop was asked meanwhile.

        Raises:
            DoorOpen: the console would be open to others, and there is no key.
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
        require_door(self._settings, partial(may_have_keys, self._settings))
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
        watched = LoadingWatch(
            partial(ask_loading, self._settings.redis_url, timeout_seconds=_ANSWER_SECONDS),
            self._say,
        )
        while waiting := self._group.unready():
            if self._stop_requests():
                return False
            if watched.seconds_without_progress() > START_SECONDS:
                names = " and ".join(waiting)
                raise ChildFailed(
                    f"{names} did not answer in {START_SECONDS:.0f} s; see {self._data.logs}"
                )
            self._group.tend()
            self._group.require_started()
            time.sleep(_POLL_SECONDS)
        return True


class LoadingWatch:
    """Watch over a Redis that loads its data, which takes as long as there are data.

    Args:
        ask: tells how far it is; None if it has loaded all, or doesn't answer.
        say: tells a person one line.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        ask: Callable[[], Loading | None],
        say: Say,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._say = say
        self._clock = clock
        self._loaded_bytes = -1
        self._came_closer_at = clock()
        self._asked_at = self._said_at = -math.inf

    def seconds_without_progress(self) -> float:
        """Return for how long it has made none; asks, and says how far it is, now and then."""
        if self._clock() - self._asked_at >= _ASK_SECONDS:
            if loading := self._ask():
                self._note(loading)
            self._asked_at = self._clock()
        return self._clock() - self._came_closer_at

    def _note(self, loading: Loading) -> None:
        if loading.loaded_bytes == self._loaded_bytes:
            return
        self._loaded_bytes = loading.loaded_bytes
        self._came_closer_at = now = self._clock()
        if now - self._said_at >= _SAY_SECONDS:
            self._said_at = now
            self._say(str(loading))


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
