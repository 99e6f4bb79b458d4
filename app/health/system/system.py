"""System that says how an installation fares: freshness, ledger, lag, spool, latency, data, doctor.

Rule: what can't be told is null, and why stands among the parts that are away: the page that shows
      this is looked at when something is.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NoReturn

from app.audit.entry_counts import Gap, Noted
from app.audit.factory import open_entries
from app.config.access import MetricsAccess
from app.config.settings import Settings
from app.config.shards import shards_of
from app.dead_letters.shards import open_all_dead_letters
from app.health.audit import judge_ledger
from app.health.check import Check, to_json
from app.health.host.machine import made_at
from app.health.metrics import PROMISED_SECONDS, scrape
from app.health.redis.consumers import read_lag
from app.health.redis.stream import StreamNames
from app.health.system.burn import Burn
from app.health.system.examination import examine
from app.health.system.lately import Lately
from app.health.system.minutes import look_at_minutes
from app.health.system.samples import Away, Samples, Scrape, latency, read_samples, value_of
from app.health.worker_status import WorkerStates, as_plain
from app.keys.caller import Caller
from app.stores.redis.calls import caller
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisError, RedisUnavailable
from app.times import rfc3339, unix_ms
from app.version import __version__

logger = logging.getLogger(__name__)

#: The promise of a redirect.
BUDGET_SECONDS = 0.05
#: Whoever asks within this time is told the same.
_YOUNG_SECONDS = 1.0
#: What tells of user agents, whose versions say how old that is.
_RULES = ("ua-parser-builtins", "crawler-user-agents")
#: For how long minutes and doctor's findings stand; and how long who asks first waits for each.
_MINUTES_SECONDS, _DOCTOR_SECONDS, _WAIT_SECONDS = 15.0, 30.0, 1.0
#: Why doctor's findings, which name files, addresses and settings, aren't told to everybody.
UNTOLD = "what doctor finds is told to who asks on this machine itself, or sends a key"
#: Between two looks at the redirect's histogram while nobody asks.
_SAMPLE_SECONDS = 15.0


class System:
    """Looks at an installation, at most once a second; any thread may ask.

    Args:
        now: clock in Unix seconds.
        show: reads a service's metrics.
        clock: monotonic seconds.
        examine: yields what `hopline doctor` finds.
    """

    def __init__(
        self,
        settings: Settings,
        now: Callable[[], float] = time.time,
        show: Scrape = scrape,
        clock: Callable[[], float] = time.monotonic,
        examine: Callable[[Settings], Iterable[Check]] = examine,
    ) -> None:
        url, timeout_seconds = settings.redis_url, settings.redis_timeout_seconds
        client = connect(url, timeout_seconds=timeout_seconds)
        self._settings = settings
        self._now = now
        self._show = show
        self._clock = clock
        self._client = client
        self._burn = Burn(clock)
        self._minutes = Lately(
            "ledger-minutes", lambda: look_at_minutes(settings), _MINUTES_SECONDS
        )
        self._doctor = Lately("doctor", lambda: to_json(examine(settings)), _DOCTOR_SECONDS)
        self._letters = open_all_dead_letters(settings)
        self._entries = open_entries(settings, caller(client, url, timeout_seconds))
        self._states = WorkerStates(client, url, settings.stream, settings.group)
        self._lock = threading.Lock()
        self._seen: dict[str, Any] = {}
        self._seen_at = -_YOUNG_SECONDS

    def watch(self, is_stopping: threading.Event) -> None:
        """Begin to sample the redirect's histogram, until the process is asked to end."""

        def run() -> None:
            while not is_stopping.wait(_SAMPLE_SECONDS):
                try:
                    self._latency(self._samples("redirect"))
                except Away:
                    # Who looks at the page is told.
                    continue
                except Exception:
                    logger.exception("The redirect's latency is not watched")

        threading.Thread(target=run, name="latency-samples", daemon=True).start()

    def look(self, caller: Caller) -> dict[str, Any]:
        """Return how everything fares, as JSON holds it, as far as a caller is told of it."""
        seen = self._latest()
        return seen if caller.is_known else without_doctor(seen)

    def _latest(self) -> dict[str, Any]:
        """Return how everything fares.

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
        silent: list[RedisUnavailable] = []

        def told(part: str, look: Callable[[], Any]) -> Any:
            try:
                return look()
            except (Away, RedisError) as error:
                away.append({"part": part, "detail": str(error)})
                if isinstance(error, RedisUnavailable):
                    silent.append(error)
                return None

        def of_redis(part: str, look: Callable[[], Any]) -> Any:
            # Who doesn't answer is waited for once.
            return told(part, look) if not silent else told(part, partial(_raise, silent[0]))

        for slow in (self._doctor, self._minutes):
            slow.begin()
        redirect = told("redirect", lambda: self._samples("redirect"))
        workers = told("freshness", lambda: self._samples("workers"))
        return {
            "version": __version__,
            "checked_at": rfc3339(int(self._now() * 1000)),
            "freshness": _freshness(workers) if workers is not None else None,
            "ledger": of_redis("ledger", self._ledger),
            "workers": of_redis("workers", lambda: [as_plain(one) for one in self._states.all()]),
            "streams": of_redis("lag", self._streams),
            "redirect": self._redirect(redirect) if redirect is not None else None,
            "spool": _spool(redirect) if redirect is not None else None,
            "dead_letters": of_redis("dead_letters", self._letters.count),
            "data": _data(self._settings.geoip_path),
            "ledger_minutes": told("ledger_by_minute", lambda: self._minutes.get(_WAIT_SECONDS)),
            "doctor": told("doctor", lambda: self._doctor.get(_WAIT_SECONDS)),
            "away": away,
        }

    def _streams(self) -> list[dict[str, Any]]:
        shards = map(StreamNames.of, shards_of(self._settings))
        return [asdict(read_lag(self._client, self._settings.redis_url, one)) for one in shards]

    def _latency(self, samples: Samples) -> dict[str, Any]:
        found = latency(samples, "hopline_response_seconds", BUDGET_SECONDS)
        answers, within = found["answers"], found["within_budget"]
        if within is not None:
            self._burn.note(answers, round(answers * (1 - within)))
        return found

    def _redirect(self, samples: Samples) -> dict[str, Any]:
        outcomes = ("confirmed", "spooled", "refused")
        clicks = {
            each: value_of(samples, "hopline_clicks_total", outcome=each) for each in outcomes
        }
        return {
            **self._latency(samples),
            "clicks": {name: int(count or 0) for name, count in clicks.items()},
            "burn": self._burn.told(),
        }

    def _samples(self, service: str) -> Samples:
        return read_samples(service, MetricsAccess.of(self._settings, service), self._show)

    def _ledger(self) -> dict[str, Any]:
        noted, gaps = self._entries.noted(), self._entries.gaps_of_a_day()
        return ledger_of(noted, gaps, self._now())


def _raise(error: RedisUnavailable) -> NoReturn:
    raise error


def without_doctor(seen: dict[str, Any]) -> dict[str, Any]:
    """Return how everything fares but for what doctor finds, which is named as what is away."""
    others = [each for each in seen["away"] if each["part"] != "doctor"]
    return {**seen, "doctor": None, "away": [*others, {"part": "doctor", "detail": UNTOLD}]}


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
