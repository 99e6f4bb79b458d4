"""System that says how an installation fares: freshness, ledger, workers, spool, latency, data.

Rule: what can't be told is null, and why stands among the parts that are away: the page that shows
      this is looked at when something is.
"""

import threading
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from app.audit.entry_counts import Gap, Noted
from app.audit.factory import open_entries
from app.config.access import MetricsAccess
from app.config.settings import Settings
from app.dead_letters.shards import open_all_dead_letters
from app.health.audit import judge_ledger
from app.health.host.machine import made_at
from app.health.metrics import PROMISED_SECONDS, scrape
from app.health.system.samples import Away, Samples, Scrape, latency, read_samples, value_of
from app.health.worker_status import WorkerStates, as_plain
from app.stores.redis.calls import caller
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisError
from app.times import rfc3339, unix_ms
from app.version import __version__

#: The promise of a redirect.
BUDGET_SECONDS = 0.05
#: Whoever asks within this time is told the same.
_YOUNG_SECONDS = 1.0
#: What tells of user agents, whose versions say how old that is.
_RULES = ("ua-parser-builtins", "crawler-user-agents")


class System:
    """Looks at an installation, at most once a second; any thread may ask.

    Args:
        now: clock in Unix seconds.
        show: reads a service's metrics.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        settings: Settings,
        now: Callable[[], float] = time.time,
        show: Scrape = scrape,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        url, timeout_seconds = settings.redis_url, settings.redis_timeout_seconds
        client = connect(url, timeout_seconds=timeout_seconds)
        self._settings = settings
        self._now = now
        self._show = show
        self._clock = clock
        self._letters = open_all_dead_letters(settings)
        self._entries = open_entries(settings, caller(client, url, timeout_seconds))
        self._states = WorkerStates(client, url, settings.stream, settings.group)
        self._lock = threading.Lock()
        self._seen: dict[str, Any] = {}
        self._seen_at = -_YOUNG_SECONDS

    def look(self) -> dict[str, Any]:
        """Return how everything fares, as JSON holds it.

        While somebody looks, others are told what was seen before: a look takes seconds where
        something doesn't answer, and the console has other things to do.
        """
        if not self._lock.acquire(blocking=not self._seen):
            return self._seen
        try:
            if self._clock() - self._seen_at >= _YOUNG_SECONDS or not self._seen:
                self._seen, self._seen_at = self._look(), self._clock()
            return self._seen
        finally:
            self._lock.release()

    def _look(self) -> dict[str, Any]:
        away: list[dict[str, str]] = []

        def told(part: str, look: Callable[[], Any]) -> Any:
            try:
                return look()
            except (Away, RedisError) as error:
                away.append({"part": part, "detail": str(error)})
                return None

        redirect = told("redirect", lambda: self._samples("redirect"))
        workers = told("freshness", lambda: self._samples("workers"))
        return {
            "version": __version__,
            "checked_at": rfc3339(int(self._now() * 1000)),
            "freshness": _freshness(workers) if workers is not None else None,
            "ledger": told("ledger", self._ledger),
            "workers": told("workers", lambda: [as_plain(one) for one in self._states.all()]),
            "redirect": _redirect(redirect) if redirect is not None else None,
            "spool": _spool(redirect) if redirect is not None else None,
            "dead_letters": told("dead_letters", self._letters.count),
            "data": _data(self._settings.geoip_path),
            "away": away,
        }

    def _samples(self, service: str) -> Samples:
        return read_samples(service, MetricsAccess.of(self._settings, service), self._show)

    def _ledger(self) -> dict[str, Any]:
        noted, gaps = self._entries.noted(), self._entries.gaps_of_a_day()
        return ledger_of(noted, gaps, self._now())


def ledger_of(noted: Noted | None, gaps: list[Gap], now_seconds: float) -> dict[str, Any]:
    """Return what the workers' last audit found, as JSON holds it.

    Args:
        noted: None before the first.
        gaps: those of the last day.
        now_seconds: the Unix time.
    """
    check = judge_ledger(noted, gaps, now_seconds)
    return {
        "state": check.state,
        "text": check.text,
        "mend": check.mend,
        "checked_at": rfc3339(noted.compared_ms) if noted and noted.compared_ms else None,
        "missing_clicks": noted.missing_clicks if noted else None,
        "uncounted_clicks": noted.uncounted_clicks if noted else None,
        "missing_entries": sum(gap.entries for gap in gaps),
    }


def _freshness(samples: Samples) -> dict[str, Any]:
    return {
        "p50_seconds": value_of(samples, "hopline_freshness_p50_seconds"),
        "p99_seconds": value_of(samples, "hopline_freshness_p99_seconds"),
        "promised_seconds": PROMISED_SECONDS,
    }


def _redirect(samples: Samples) -> dict[str, Any]:
    outcomes = ("confirmed", "spooled", "refused")
    clicks = {each: value_of(samples, "hopline_clicks_total", outcome=each) for each in outcomes}
    return {
        **latency(samples, "hopline_response_seconds", BUDGET_SECONDS),
        "clicks": {name: int(count or 0) for name, count in clicks.items()},
    }


def _spool(samples: Samples) -> dict[str, Any]:
    names = {"clicks": int, "bytes": int, "oldest_seconds": float}
    return {
        name: kind(value_of(samples, f"hopline_spool_{name}") or 0) for name, kind in names.items()
    }


def _data(places: tuple[Path, ...]) -> dict[str, Any]:
    return {
        "places": [{"file": path.name, "made_at": _made_at(path)} for path in places],
        "rules": {package: _version(package) for package in _RULES},
    }


def _made_at(path: Path) -> str | None:
    try:
        return rfc3339(unix_ms(made_at(path)))
    # Numbers of a damaged file may be of any size; the workers' metrics and doctor say what it is.
    except Exception:  # noqa: BLE001
        return None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
