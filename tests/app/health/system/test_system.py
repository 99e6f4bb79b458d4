import threading
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from app.audit.entry_counts import Noted
from app.config.instance import instance_id
from app.config.settings import Settings
from app.console.api.system import SystemView
from app.health.check import Check, ok
from app.health.metrics import Shown
from app.health.system.system import UNTOLD, System, ledger_of
from app.health.worker_status import ConsumerState, WorkersState, WorkerStates
from app.keys.caller import ANYBODY, GO_BETWEEN
from app.stores.redis.errors import RedisUnavailable
from tests.conftest import MakeSettings
from tests.support.redirect.fakes import FakeClock

REDIRECT = """\
hopline_response_seconds_bucket{le="0.05"} 3
hopline_response_seconds_bucket{le="+Inf"} 4
hopline_clicks_total{outcome="confirmed"} 4
hopline_spool_clicks 2
hopline_spool_bytes 8192
hopline_spool_oldest_seconds 1.5
"""
WORKERS = """\
hopline_freshness_p50_seconds 0.5
hopline_freshness_p99_seconds +Inf
"""


class Shows:
    """The metrics of both services, unless they are down."""

    def __init__(self, instance: str) -> None:
        self.instance, self.asked, self.is_down = instance, 0, False

    def __call__(self, bind: str, _token: str | None) -> Shown:
        self.asked += 1
        if self.is_down:
            raise ConnectionRefusedError("refused")
        return Shown(REDIRECT if bind.endswith(":9180") else WORKERS, self.instance)


WELL = ok("everything", "well")


def doctor(_: Settings) -> list[Check]:
    return [WELL]


@pytest.fixture
def settings(redis_url: str, make_settings: MakeSettings, tmp_path: Path) -> Settings:
    broken = tmp_path / "broken.mmdb"
    broken.write_bytes(b"no database")
    return make_settings(
        redis_url=redis_url,
        clickhouse_url="clickhouse://127.0.0.1:1/hopline",
        geoip_path=(broken,),
        redirect_metrics_bind="127.0.0.1:9180",
        workers_metrics_bind="127.0.0.1:9181",
    )


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def shows(settings: Settings) -> Shows:
    return Shows(instance_id(settings))


def seen(system: System) -> dict[str, Any]:
    """Return what is told, which is of the form that the interface's document has."""
    found = system.look(ANYBODY)
    SystemView.model_validate(found)
    return found


def test_everything_that_is_known_is_told(settings: Settings, redis: Redis, shows: Shows) -> None:
    consumer = ConsumerState(1, 7, "c1", "reading", 10.0, 100, 1.0, 0, 1000)
    state = WorkersState("web1", 6, "running", 1, 5, 0, (consumer,))
    states = WorkerStates(redis, settings.redis_url, settings.stream, settings.group)
    states.publish(state, state.name)
    redis.xadd(settings.dead_stream, {"reason": "odd"})
    found = seen(System(settings, show=shows, examine=doctor))
    assert [each["part"] for each in found["away"]] == ["ledger_by_minute"]
    assert found["doctor"]["checks"] == [asdict(WELL)]
    assert found["streams"] == [
        {"stream": "clicks:stream", "backlog": None, "consumers": ()},
    ]
    hour = found["redirect"]["burn"]["windows"][2]
    assert (hour["window_seconds"], hour["answers"], hour["burn_rate"]) == (3600, 0, None)
    assert found["freshness"] == {
        "p50_seconds": 0.5,
        "p99_seconds": None,
        "promised_seconds": 2.0,
    }
    assert found["redirect"]["within_budget"] == 0.75
    assert found["redirect"]["clicks"] == {"confirmed": 4, "spooled": 0, "refused": 0}
    assert found["spool"] == {"clicks": 2, "bytes": 8192, "oldest_seconds": 1.5}
    assert found["dead_letters"] == 1
    (told,) = found["workers"]
    assert (told["host"], told["lag"], told["consumers"][0]["state"]) == ("web1", 5, "reading")
    assert found["data"]["places"] == [{"file": "broken.mmdb", "made_at": None}]
    assert all(found["data"]["rules"].values())
    # The workers begin the ledger, and there were none.
    assert (found["ledger"]["state"], found["ledger"]["missing_clicks"]) == ("warn", None)


def test_what_is_away_is_null_and_named_and_the_rest_is_told(
    settings: Settings, shows: Shows
) -> None:
    shows.is_down = True
    found = seen(System(settings, show=shows, examine=doctor))
    assert [each["part"] for each in found["away"]][:2] == ["redirect", "freshness"]
    assert (found["redirect"], found["spool"], found["freshness"]) == (None, None, None)
    assert found["dead_letters"] == 0


def test_without_redis_the_metrics_are_told(make_settings: MakeSettings) -> None:
    held = make_settings(redis_url="redis://127.0.0.1:1/0")
    found = seen(System(held, show=Shows(instance_id(held)), examine=doctor))
    assert [each["part"] for each in found["away"]] == [
        "ledger", "workers", "lag", "dead_letters", "ledger_by_minute",
    ]  # fmt: skip
    assert found["spool"]["clicks"] == 2


def test_a_redis_that_is_silent_is_waited_for_once(
    make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = make_settings(redis_url="redis://127.0.0.1:1/0")
    system = System(held, show=Shows(instance_id(held)), examine=doctor)
    asked = []

    def silent() -> None:
        asked.append("ledger")
        raise RedisUnavailable("Redis is silent")

    monkeypatch.setattr(system, "_ledger", silent)
    monkeypatch.setattr(system, "_streams", lambda: asked.append("lag"))
    details = {each["part"]: each["detail"] for each in seen(system)["away"]}
    assert asked == ["ledger"]
    assert {details[part] for part in ("ledger", "workers", "lag", "dead_letters")} == {
        "Redis is silent"
    }


def test_many_who_ask_at_once_are_told_the_same(settings: Settings, shows: Shows) -> None:
    clock = FakeClock()
    system = System(settings, show=shows, clock=clock, examine=doctor)
    assert system.look(ANYBODY) is system.look(ANYBODY)
    assert shows.asked == 2
    clock.now += 1
    system.look(ANYBODY)
    assert shows.asked == 4


def test_who_asks_while_something_does_not_answer_is_told_what_was_seen_before(
    settings: Settings, shows: Shows
) -> None:
    clock, begun, goes_on = FakeClock(), threading.Event(), threading.Event()
    is_slow = False

    def slow(bind: str, token: str | None) -> Shown:
        if is_slow:
            begun.set()
            assert goes_on.wait(60)
        return shows(bind, token)

    system = System(settings, show=slow, clock=clock, examine=doctor)
    before = system.look(ANYBODY)
    is_slow = True
    clock.now += 1
    first = threading.Thread(target=system.look, args=(ANYBODY,))
    first.start()
    assert begun.wait(60)
    assert system.look(ANYBODY) is before
    goes_on.set()
    first.join(60)
    assert system.look(ANYBODY) is not before


def test_the_ledger_is_told_in_the_audits_words() -> None:
    noted = Noted(0, 0, 1_000, 0, 1_790_000_000_000, 3, 0)
    found = ledger_of(noted, [], 1_790_000_060)
    assert (found["state"], found["text"]) == ("fail", "clicks missing: 3")
    assert (found["checked_at"], found["missing_clicks"]) == ("2026-09-21T14:13:20.000Z", 3)


def test_what_doctor_finds_is_not_told_to_whoever_something_asks_for(
    settings: Settings, shows: Shows
) -> None:
    system = System(settings, show=shows, examine=doctor)
    system._doctor.get(60)
    found = system.look(GO_BETWEEN)
    SystemView.model_validate(found)
    assert found["doctor"] is None
    assert [each["detail"] for each in found["away"] if each["part"] == "doctor"] == [UNTOLD]
    assert system.look(ANYBODY)["doctor"]["checks"] == [asdict(WELL)]
