"""Supervisor that keeps N consumers alive, each in a process of its own.

Rule 1: a signal is only queued when it comes; what it means is decided in the loop.
Rule 2: processes are spawned, not forked: a consumer begins with an interpreter of its own and
        inherits no connection, lock or thread. A fork server would do too, but it would be the
        consumers' parent, whose death they could not be told of.
Rule 3: a consumer that could not begin is not one that died. If it is among the first, the
        settings are wrong and all stops; a later one is tried again like any death.
Rule 4: the loop waits for nobody but signals and the ends of consumers; what may take longer, as
        Redis may, has a thread.
"""

import logging
import signal
import time
from collections.abc import Callable
from multiprocessing import connection, resource_tracker

from app.config.settings import Settings
from app.config.shards import refusal
from app.config.variables import SettingsError
from app.logs.setup import configure
from app.metrics.workers import SupervisorMetrics
from workers.process.signals import Signals
from workers.supervisor.autoscale import DECIDE_SECONDS, Autoscale
from workers.supervisor.deliverer import DelivererKeeper
from workers.supervisor.pool import WorkerPool
from workers.supervisor.rolling_reload import Reload
from workers.supervisor.status import in_words, line, load, supervisor_status
from workers.supervisor.status_publisher import StatusPublisher
from workers.supervisor.systemd import SystemdNotifier

logger = logging.getLogger(__name__)

#: Stop (the second one kills), reload, one more, one fewer, say how the consumers are.
SIGNALS = (
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
    signal.SIGTTIN,
    signal.SIGTTOU,
    signal.SIGUSR1,
)
_STOP = frozenset((signal.SIGTERM, signal.SIGINT))
#: Between two looks at the consumers, and while something is expected of one.
_LOOK_SECONDS = 1.0
_EAGER_LOOK_SECONDS = 0.1


class Supervisor:
    """Spawns, reaps and respawns consumers, and drains them at the end.

    Args:
        signals: the queue of :data:`SIGNALS`.
        read_settings: returns the settings as they are now; for a reload.
        on_reload: told of the new settings once a consumer has worked with them; may not wait.
        has_terminal: tells whether somebody sees what we write. A SIGHUP that comes when the
            terminal goes means stop.
    """

    def __init__(
        self,
        settings: Settings,
        signals: Signals,
        read_settings: Callable[[], Settings],
        systemd: SystemdNotifier,
        metrics: SupervisorMetrics,
        on_reload: Callable[[Settings], None],
        has_terminal: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._signals = signals
        self._read_settings = read_settings
        self._systemd = systemd
        self._on_reload = on_reload
        self._has_terminal = has_terminal
        self._had_terminal = has_terminal()
        self._clock = clock
        self._pool = WorkerPool(settings, metrics, clock)
        self._deliverer = DelivererKeeper(settings, clock)
        self._reload: Reload | None = None
        self._is_stopping = False
        self._has_begun = False
        self._adopt(settings)

    def run(self) -> int:
        """Keep the consumers alive until told to stop; return the exit code."""
        # It unblocks signals when it starts, which the first consumer would inherit.
        resource_tracker.ensure_running()
        while not (self._is_stopping or self._pool.is_hopeless):
            self._pool.tend()
            self._deliverer.tend(is_wanted=self._status.has_webhooks)
            self._go_on_reloading()
            self._scale()
            self._show()
            self._wait()
            self._obey()
        drained = self._drain()
        return 0 if drained and not self._pool.is_hopeless else 1

    def _adopt(self, settings: Settings) -> None:
        """Go by these settings in all that is not a consumer's."""
        self._settings = settings
        self._status = StatusPublisher(settings)
        most = settings.consumers_max
        self._autoscale = Autoscale(settings.consumers, most) if most else None
        self._decide_at = self._clock() + DECIDE_SECONDS

    def _obey(self) -> None:
        for number in self._signals.take():
            if number in _STOP or (number == signal.SIGHUP and self._is_hung_up()):
                self._is_stopping = True
            elif number == signal.SIGHUP:
                self._begin_reload()
            elif number == signal.SIGUSR1:
                self._log_state()
            else:
                self._resize(1 if number == signal.SIGTTIN else -1)

    def _is_hung_up(self) -> bool:
        return self._had_terminal and not self._has_terminal()

    def _begin_reload(self) -> None:
        self._systemd.note_reloading()
        try:
            settings = self._read_settings()
        except SettingsError as error:
            logger.error("going on with the old settings: %s", error)
            return
        if reason := refusal(settings):
            logger.error("going on with the old settings: %s", reason)
            return
        if self._reload:
            self._reload.abandon()
        logger.info("reloading")
        self._reload = Reload(self._pool, settings, self._clock)

    def _go_on_reloading(self) -> None:
        if self._reload is None:
            return
        self._reload.step()
        if self._reload.is_accepted and self._settings is not self._pool.settings:
            configure(self._pool.settings, "workers")
            self._status.close()
            self._adopt(self._pool.settings)
            self._deliverer.adopt(self._pool.settings)
            self._on_reload(self._pool.settings)
        if self._reload.is_over:
            self._reload = None

    def _resize(self, step: int) -> None:
        self._pool.resize(len(self._pool.slots) + step)
        logger.info("from now on there are %d consumers", len(self._pool.slots))

    def _scale(self) -> None:
        if self._autoscale is None or self._clock() < self._decide_at:
            return
        self._decide_at = self._clock() + DECIDE_SECONDS
        count = len(self._pool.slots)
        step = self._autoscale.decide(count, load(self._pool, self._status.backlog)) - count
        if step:
            self._resize(step)

    def _show(self) -> None:
        """Tell everybody how it goes: Prometheus, systemd and `hopline workers status`."""
        pool = self._pool
        if not self._has_begun and pool.all_have_worked():
            self._has_begun = True
            logger.info("ready: all %d consumers work", len(pool.slots))
        state = supervisor_status(pool, self._word(), self._status.backlog)
        self._status.post(state)
        pool.show()
        self._systemd.show(
            in_words(state),
            is_ready=self._has_begun and self._reload is None,
            is_healthy=pool.is_healthy() or self._is_stopping,
        )

    def _word(self) -> str:
        if self._is_stopping:
            return "draining"
        if self._reload:
            return "reloading"
        return "running" if self._has_begun else "starting"

    def _log_state(self) -> None:
        state = supervisor_status(self._pool, self._word(), self._status.backlog)
        logger.info("%s", in_words(state))
        for consumer in state.consumers:
            logger.info("%s", line(consumer))

    def _wait(self) -> None:
        """Wait until a consumer ends or a signal comes, or until it is time for another look."""
        eager = self._reload or self._pool.is_restless()
        seconds = _EAGER_LOOK_SECONDS if eager else _LOOK_SECONDS
        sentinels = [consumer.sentinel for consumer in self._pool.living()]
        waited_for = [*sentinels, *self._deliverer.sentinels, self._signals.fileno()]
        connection.wait(waited_for, min(seconds, self._systemd.look_seconds))

    def _drain(self) -> bool:
        """Let the consumers finish what they read, within one deadline; return if all did."""
        self._is_stopping = True
        self._systemd.note_stopping()
        logger.info("draining %d consumers", len(self._pool.living()))
        self._pool.drain()
        self._deliverer.drain()
        deadline = self._clock() + self._settings.drain_seconds
        while (self._pool.living() or self._deliverer.sentinels) and self._clock() < deadline:
            self._show()
            self._wait()
            self._pool.reap()
            self._deliverer.reap()
            if _STOP.intersection(self._signals.take()):
                break
        is_drained = self._pool.kill()
        self._deliverer.kill()
        self._status.close()
        return is_drained
