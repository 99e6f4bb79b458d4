"""Monitor that keeps a worker to the map of its cluster, and says what is wrong with it."""

import logging
import time
from collections.abc import Callable

import gevent
from prometheus_client import Counter

from app.logs.throttle import ThrottledLog
from app.redirect.redis.cluster.primaries import Primaries
from app.redirect.redis.cluster.primary import Primary
from app.redirect.tasks.background_task import BackgroundTask
from app.stores.redis.cluster import SLOT_COUNT
from app.stores.redis.cluster_locator import ClusterLocator, ClusterRefused, ClusterUnknown

logger = logging.getLogger(__name__)

#: Between two looks, unless a redirection has shown that the map is old; while a primary is away or
#: silent, whoever takes its place is to be found soon.
_LOOK_SECONDS = 0.5
_SOON_SECONDS = 0.1
_SILENCE_SECONDS = 0.2
#: Of many redirections, which all tell the same.
_PAUSE_SECONDS = 0.02
#: A primary that is away for longer may have lost its last second, and whoever could send that
#: again may not live until it is back.
_ABSENCE_SECONDS = 10.0


class ClusterMonitor:
    """Asks the nodes for the map twice a second, and when it has turned out to be old.

    Visitors wait for none of that.
    """

    def __init__(
        self,
        primaries: Primaries,
        locator: ClusterLocator,
        *,
        name: str,
        task_failures: Counter,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make one that has not begun.

        Args:
            locator: tells the map.
            name: what log lines call the cluster.
            task_failures: see :class:`~app.redirect.tasks.background_task.BackgroundTask`.
        """
        self._primaries = primaries
        self._locator = locator
        self._name = name
        self._clock = clock
        self._doubted: set[Primary] = set()
        self._away: set[Primary] = set()
        self._said: dict[str, str] = {}
        self._throttled = ThrottledLog(logger)
        self._task = BackgroundTask("following", self._watch, task_failures)

    def start(self) -> None:
        """Ask once, and go on asking; blocks for the first answers only."""
        self._look()
        self._task.start()

    def close(self) -> None:
        """Ask no more."""
        self._task.close()

    def _watch(self) -> None:
        is_refresh_due = self._primaries.is_refresh_due
        gevent.sleep(_PAUSE_SECONDS)
        is_refresh_due.wait(_LOOK_SECONDS if self._is_all_well() else _SOON_SECONDS)
        is_refresh_due.clear()
        self._look()

    def _is_all_well(self) -> bool:
        pipelines = [each.pipeline for each in self._primaries.all]
        are_well = (
            each.connected.is_set() and each.oldest_age() < _SILENCE_SECONDS for each in pipelines
        )
        return bool(pipelines) and all(are_well)

    def _look(self) -> None:
        # It is asked as often as it has to be from here.
        self._locator.doubt()
        try:
            slot_map = self._locator.slots()
        except (ClusterRefused, ClusterUnknown) as error:
            self._say("map", f"{self._name} can't be used: {error}")
            return
        self._say("map", "")
        if slot_map != self._primaries.slot_map:
            self._primaries.update(slot_map)
        self._say_what_is_missing()
        for primary in self._primaries.all:
            self._note_absence(primary)

    def _say_what_is_missing(self) -> None:
        slot_map = self._primaries.slot_map
        missing = SLOT_COUNT - slot_map.slot_count
        some = f"{missing} of the {SLOT_COUNT} slots of {self._name} are served by nobody"
        self._say("slots", some if missing else "")
        away = {primary for primary in self._primaries.all if primary.is_away}
        for primary in self._primaries.all:
            # Not of one that is just being connected to.
            is_away = primary in away & self._away
            self._say(f"primary {id(primary)}", f"{primary} is away" if is_away else "")
        self._away = away

    def _note_absence(self, primary: Primary) -> None:
        """Have what a primary confirmed last sent again, once, if it stays away."""
        heard_at = primary.pipeline.heard_at
        if not primary.is_away:
            self._doubted.discard(primary)
        elif 0 < heard_at <= self._clock() - _ABSENCE_SECONDS and primary not in self._doubted:
            self._doubted.add(primary)
            primary.pipeline.doubt_server()

    def _say(self, about: str, trouble: str) -> None:
        """Tell of a trouble once, and once that it is over."""
        before = self._said.get(about, "")
        self._said[about] = trouble
        if trouble and trouble != before:
            self._throttled.warning(about, "%s", trouble)
        elif before and not trouble:
            logger.warning("Over: %s", before)
