"""Publisher that puts the supervisor's state into Redis, and reads the group's backlog there."""

import itertools
import logging
import secrets
import threading

from app.config.settings import Settings
from app.config.shards import shards_of
from app.health.redis.stream import Backlog, StreamNames, read_backlogs
from app.health.worker_status import PUBLISH_SECONDS, WorkersState, WorkerStates
from app.logs.throttle import OutageLog
from app.stores.keys import WEBHOOKS
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisError

logger = logging.getLogger(__name__)

#: Until there is a first state, which is published at once.
_FIRST_SECONDS = 0.1
#: Publications between two looks for supervisors that were killed.
_FORGET_EVERY = 30
#: Longest that an end waits for Redis: the state expires anyway.
_CLOSE_SECONDS = 1.0


class StatusPublisher:
    """Shows the supervisor's state to the world, and tells it the group's backlog.

    Both go through Redis, which may not answer for seconds, so a thread does it: the supervisor's
    loop never waits.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._over = threading.Event()
        self._state: WorkersState | None = None
        self._token = secrets.token_hex(4)
        self._backlog: Backlog | None = None
        self._has_webhooks = False
        self._outage = OutageLog(
            logger, "`hopline workers status` can't be kept up to date: %s", RedisError
        )
        self._thread = threading.Thread(target=self._run, name="status", daemon=True)
        self._thread.start()

    @property
    def backlog(self) -> Backlog | None:
        """The group's backlog, at most a few seconds old; None while Redis doesn't tell."""
        return self._backlog

    @property
    def has_webhooks(self) -> bool:
        """Whether there was a webhook when Redis last told."""
        return self._has_webhooks

    def post(self, state: WorkersState) -> None:
        """Give the state that is published next."""
        self._state = state

    def close(self) -> None:
        """Publish no more, and withdraw the state, if Redis answers at once."""
        self._over.set()
        self._thread.join(_CLOSE_SECONDS)

    def _run(self) -> None:
        settings, url = self._settings, self._settings.redis_url
        with connect(url, timeout_seconds=settings.redis_timeout_seconds) as client:
            states = WorkerStates(client, url, settings.stream, settings.group)
            streams = [StreamNames.of(shard) for shard in shards_of(settings)]
            for turn in itertools.count():
                if self._over.wait(PUBLISH_SECONDS if self._state else _FIRST_SECONDS):
                    break
                backlog = None
                with self._outage.attempt():
                    self._publish(states, turn)
                    backlog = read_backlogs(client, url, streams)
                    self._has_webhooks = bool(client.hlen(WEBHOOKS))
                self._backlog = backlog
            with self._outage.attempt():
                if self._state:
                    states.withdraw(self._name(self._state))

    def _name(self, state: WorkersState) -> str:
        """Name the supervisor: hosts that were cloned share their name, containers even pids."""
        return f"{state.name}-{self._token}"

    def _publish(self, states: WorkerStates, turn: int) -> None:
        if self._state:
            states.publish(self._state, self._name(self._state))
        if turn % _FORGET_EVERY == 0:
            states.forget_gone()
