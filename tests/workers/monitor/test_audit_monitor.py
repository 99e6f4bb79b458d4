import logging
from contextlib import closing

import pytest
from prometheus_client import CollectorRegistry

from app.audit.audit import Suspects
from app.audit.click_ref import ClickRef
from app.audit.entry_counts import EntryCount, Gap, Noted
from app.audit.entry_ledgers import EntryLedgers
from app.audit.factory import open_beginnings, open_entries
from app.metrics.workers import LedgerMetrics
from app.stores.clickhouse.connection import ClickHouseUnavailable, connect
from app.stores.keys import ledger_key, ledger_lock_key
from app.stores.redis.client import connect as connect_redis
from app.stores.redis.connection import RedisConnection
from app.stores.redis.errors import RedisUnavailable
from tests.support.clicks import click_row, insert_clicks
from tests.support.producers import STREAM
from tests.support.worker_processes import wait_until
from workers.monitor.audit_monitor import LOOK_SECONDS, AuditMonitor, AuditThread

GROUP = "analytics-group"
NOW_MS = 1_778_414_400_000
CLICKS = [ClickRef(NOW_MS, bytes([n] * 16)) for n in range(5)]
BEGUN = Noted(0, NOW_MS - 5, NOW_MS - 1, 0, 0, 0, 0)


class FakeEntries:
    def __init__(self, noted=BEGUN):
        self.now = noted
        self.more = 0
        self.error = None
        self.gaps = []

    def noted(self):
        if self.error:
            raise self.error
        return self.now

    def check(self, *, exactly=False):
        self.now = self.now or BEGUN
        return EntryCount(NOW_MS, 0, 0, 0, 0, 0), self.more

    def note_clicks(self, time_ms, missing, uncounted, vouched_seconds):
        found = {"compared_ms": time_ms, "missing_clicks": missing, "uncounted_clicks": uncounted}
        self.now = self.now._replace(**found, vouched_seconds=vouched_seconds)

    def gaps_of_a_day(self):
        return [*self.gaps, Gap(1, 2, 2)]

    def note_emptied(self, after_ms, before_ms, *, is_set_back=False):
        self.gaps.append(Gap(after_ms, before_ms, 0, is_emptied=True, is_set_back=is_set_back))


class FakeAudit:
    def __init__(self):
        self.found = Suspects([], [])
        self.error = None
        self.since = []
        self.vouched = []
        self.started_seconds = 1_778_000_000

    def server_started_seconds(self):
        return self.started_seconds

    def suspects(self, since_ms, *, is_vouched):
        self.since.append(since_ms)
        self.vouched.append(is_vouched)
        if self.error:
            raise self.error
        return self.found


@pytest.fixture
def entries():
    return FakeEntries()


@pytest.fixture
def audit():
    return FakeAudit()


@pytest.fixture
def registry():
    return CollectorRegistry()


@pytest.fixture
def locks():
    return [True]


class FakeBeginnings:
    """Knows until when ledgers of before were kept, and is asked for each beginning once."""

    def __init__(self):
        self.former = {BEGUN.since_ms: None}
        self.written = []
        self.checked = BEGUN.since_ms

    def another_until(self, since_ms):
        return self.former.pop(since_ms)

    def write(self, since_ms):
        self.written.append(since_ms)

    def checked_ms(self, _):
        return self.checked

    def note_checked(self, _, checked_ms):
        self.checked = checked_ms


@pytest.fixture
def beginnings():
    return FakeBeginnings()


@pytest.fixture
def monitor(entries, audit, registry, locks, beginnings):
    return AuditMonitor(
        EntryLedgers([entries]), audit, lambda: locks[0], LedgerMetrics(registry), [beginnings]
    )


def difference(registry, kind):
    return registry.get_sample_value("hopline_ledger_difference", {"kind": kind})


def test_the_first_look_begins_the_ledger(entries, monitor, audit):
    entries.now = None
    assert monitor.rest_seconds < 1
    monitor.look()
    assert entries.now == BEGUN
    assert audit.since == []
    assert monitor.rest_seconds == LOOK_SECONDS


def test_a_check_compares_the_last_minutes_and_is_shown(monitor, audit, entries, registry):
    audit.found = Suspects(CLICKS[:2], CLICKS[2:])
    monitor.look()
    assert audit.since == [NOW_MS - 3_300_000]
    kinds = ("entries", "emptied", "missing", "uncounted")
    shown = {kind: difference(registry, kind) for kind in kinds}
    assert shown == {"entries": 2, "emptied": 0, "missing": 2, "uncounted": 3}
    checked = registry.get_sample_value("hopline_ledger_checked_timestamp_seconds")
    assert checked == NOW_MS / 1000


def test_everything_is_looked_for_after_a_restart_of_clickhouse_until_it_is_found(monitor, audit):
    monitor.look()
    audit.started_seconds += 1
    monitor.look()
    audit.started_seconds += 60
    audit.found = Suspects(CLICKS[:1], [])
    monitor.look()
    monitor.look()
    audit.found = Suspects([], [])
    monitor.look()
    monitor.look()
    assert audit.vouched == [False, True, False, False, False, True]


def test_what_another_host_found_is_shown_too(monitor, audit, entries, registry, locks):
    locks[0] = False
    entries.now = BEGUN._replace(missing_clicks=7)
    monitor.look()
    assert audit.since == []
    assert difference(registry, "missing") == 7


def test_a_difference_is_logged_once(monitor, audit, entries, caplog):
    audit.found, entries.more = Suspects(CLICKS[:1], []), 2
    monitor.look()
    entries.more = 0
    monitor.look()
    assert [line for line in caplog.messages if "missing" in line] == [
        "2 entries went missing from the stream: see hopline audit",
        f"1 clicks are missing, such as {CLICKS[0].click_id.hex()}: see hopline audit",
    ]
    audit.found = Suspects(CLICKS[:2], CLICKS[:1])
    monitor.look()
    assert "2 clicks are missing" in caplog.messages[-2]
    assert "1 clicks are uncounted" in caplog.messages[-1]
    assert {one.levelno for one in caplog.records} == {logging.ERROR}


@pytest.mark.parametrize("away", [RedisUnavailable("away"), ClickHouseUnavailable("away")])
def test_a_store_that_is_away_is_waited_for(monitor, audit, entries, caplog, away):
    entries.error = away if isinstance(away, RedisUnavailable) else None
    audit.error = away
    for _ in range(3):
        monitor.look()
    assert caplog.messages == ["the ledger can't be checked: away"]
    entries.error = audit.error = None
    monitor.look()
    assert entries.now.compared_ms == NOW_MS


def test_a_thread_watches_the_real_stores(redis, redis_url, clicks_url, make_settings, registry):
    settings = make_settings(redis_url=redis_url, clickhouse_url=clicks_url)
    redis.xgroup_create(STREAM, GROUP, "0", mkstream=True)
    with closing(AuditThread(settings, LedgerMetrics(CollectorRegistry()))):
        wait_until(lambda: redis.exists(ledger_key(STREAM, GROUP)))
    redis.xdel(STREAM, redis.xadd(STREAM, {"number": "1"}))
    [(now,)] = _ask(clicks_url, "SELECT now64(3, 'UTC')")
    insert_clicks(clicks_url, click_row(now))
    with closing(AuditThread(settings, LedgerMetrics(registry), patience_seconds=[0.1])):
        wait_until(lambda: difference(registry, "entries") == 1)
        wait_until(lambda: difference(registry, "uncounted") == 1)


def test_a_ledger_that_is_not_the_first_means_that_redis_was_emptied(
    monitor, entries, registry, beginnings, caplog
):
    beginnings.former[BEGUN.since_ms] = BEGUN.since_ms - 70
    monitor.look()
    monitor.look()
    assert beginnings.written == [BEGUN.since_ms]
    assert entries.gaps == [Gap(BEGUN.since_ms - 70, BEGUN.since_ms, 0, is_emptied=True)]
    assert difference(registry, "emptied") == 1
    assert "Redis has lost all that it held" in caplog.text


def test_a_loss_that_who_noticed_it_could_not_note_is_noted_by_the_next(
    entries, audit, clicks_url, make_settings, monkeypatch
):
    [beginnings] = open_beginnings(make_settings(clickhouse_url=clicks_url))
    beginnings.write(BEGUN.since_ms - 70)

    def look():
        metrics = LedgerMetrics(CollectorRegistry())
        AuditMonitor(EntryLedgers([entries]), audit, lambda: True, metrics, [beginnings]).look()

    def lose_connection(*_):
        raise RedisUnavailable("for a test")

    with monkeypatch.context() as patch:
        patch.setattr(entries, "note_emptied", lose_connection)
        look()
    for _ in range(2):
        look()
    assert entries.gaps == [Gap(BEGUN.since_ms - 70, BEGUN.since_ms, 0, is_emptied=True)]


def test_an_emptied_redis_is_noticed_with_the_real_stores(
    redis, redis_url, clicks_url, make_settings, registry
):
    settings = make_settings(redis_url=redis_url, clickhouse_url=clicks_url)
    entries = open_entries(
        settings, RedisConnection(connect_redis(redis_url, timeout_seconds=30), redis_url, 30).call
    )

    def run_until(has_come, shown):
        redis.xgroup_create(STREAM, GROUP, "0", mkstream=True)
        with closing(AuditThread(settings, LedgerMetrics(shown), patience_seconds=[0.1])):
            wait_until(has_come)

    run_until(lambda: _ask(clicks_url, "SELECT uniq(since) FROM beginnings") == [(1,)], registry)
    assert entries.gaps(0) == []
    redis.flushall()
    again = CollectorRegistry()
    run_until(lambda: difference(again, "emptied") == 1, again)
    [gap] = entries.gaps_of_a_day()
    assert gap.is_emptied
    assert gap.before_ms == entries.noted().since_ms
    redis.delete(ledger_lock_key(STREAM, GROUP))
    redis.xgroup_destroy(STREAM, GROUP)
    run_until(lambda: redis.exists(ledger_lock_key(STREAM, GROUP)), CollectorRegistry())
    assert len(entries.gaps(0)) == 1


def _ask(url, sql):
    with connect(url, timeout_seconds=30) as client:
        return client.execute(sql)


@pytest.mark.parametrize("compared_ms", [0, NOW_MS - 160_000])
def test_a_redis_that_forgot_checks_was_brought_back_from_an_older_state(
    monitor, entries, registry, beginnings, caplog, compared_ms
):
    entries.now = BEGUN._replace(compared_ms=compared_ms, since_ms=NOW_MS - 200_000)
    beginnings.former = {NOW_MS - 200_000: None}
    beginnings.checked = NOW_MS - 100
    monitor.look()
    monitor.look()
    after_ms = compared_ms or NOW_MS - 200_000
    assert entries.gaps == [Gap(after_ms, NOW_MS - 100, 0, is_emptied=True, is_set_back=True)]
    assert difference(registry, "emptied") == 1
    assert caplog.text.count("brought back from an older state") == 1


def test_a_check_that_went_with_the_last_second_is_no_older_state(monitor, entries, beginnings):
    entries.now = BEGUN._replace(compared_ms=NOW_MS - 120_000)
    beginnings.checked = NOW_MS
    monitor.look()
    assert entries.gaps == []


def test_an_older_state_is_noticed_with_the_real_stores(
    redis, redis_url, clicks_url, make_settings, registry
):
    settings = make_settings(redis_url=redis_url, clickhouse_url=clicks_url)
    entries = open_entries(
        settings, RedisConnection(connect_redis(redis_url, timeout_seconds=30), redis_url, 30).call
    )
    [beginnings] = open_beginnings(settings)

    def run_until(has_come, shown):
        redis.delete(ledger_lock_key(STREAM, GROUP))
        with closing(AuditThread(settings, LedgerMetrics(shown), patience_seconds=[0.1])):
            wait_until(has_come)

    redis.xgroup_create(STREAM, GROUP, "0", mkstream=True)
    run_until(lambda: (noted := entries.noted()) and noted.compared_ms, registry)
    since_ms = entries.noted().since_ms
    wait_until(lambda: beginnings.checked_ms(since_ms) == entries.noted().compared_ms)
    # In an hour; then what was there now is brought back.
    later_ms = since_ms + 3_600_000
    beginnings.note_checked(since_ms, later_ms)
    again = CollectorRegistry()
    run_until(lambda: difference(again, "emptied") == 1, again)
    [gap] = entries.gaps_of_a_day()
    assert (gap.before_ms, gap.is_set_back) == (later_ms, True)
    assert beginnings.checked_ms(since_ms) == entries.noted().compared_ms
    run_until(lambda: redis.exists(ledger_lock_key(STREAM, GROUP)), CollectorRegistry())
    assert len(entries.gaps(0)) == 1
