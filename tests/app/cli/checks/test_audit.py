import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis

from app.audit.entry_counts import EntryLedger
from app.audit.spool_note import SpoolNote
from app.audit.writer import write_ledger
from app.clicks.click import to_fields
from app.redirect.spool.file import SpoolFile
from app.stores.clickhouse.connection import connect as connect_clickhouse
from app.stores.redis.client import connect
from app.stores.redis.connection import RedisConnection
from app.sums.days import REVISION, State
from tests.app.audit.conftest import Consumer
from tests.support.clicks import click_row, insert_clicks
from tests.support.producers import STREAM, make_click, send, send_clicks

GROUP = "analytics-group"

Run = Callable[..., object]


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Nothing is on its way here, so a difference need not be given time to go away."""
    monkeypatch.setattr("app.cli.checks.audit.PATIENCE_SECONDS", (0.05, 0.05, 0.05))


@pytest.fixture
def clicks_url(migrated_url, monkeypatch):
    monkeypatch.setenv("HOPLINE_CLICKHOUSE_URL", migrated_url)
    return migrated_url


@pytest.fixture
def redis(redis_url):
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def consumer(redis_url, clicks_url):
    """A consumer whose ledger has begun."""
    consumer = Consumer(redis_url)
    call = RedisConnection(connect(redis_url, timeout_seconds=30), redis_url, 30).call
    EntryLedger(call, STREAM, GROUP).check()
    return consumer


@pytest.fixture
def deliver(consumer, clicks_url):
    """A function that brings all clicks of the stream to ClickHouse; returns their ids."""

    def deliver() -> list[bytes]:
        entries = consumer.stream.read(1000, 100, lambda: False)
        ids = [bytes.fromhex(entry.fields[b"click_id"].decode()) for entry in entries]
        times = [int.from_bytes(one[:6], "big") for one in ids]
        with connect_clickhouse(clicks_url, timeout_seconds=30) as client:
            write_ledger(client, ids, times)
        stored = [
            click_row(datetime.fromtimestamp(ms / 1000, UTC), click_id=one)
            for ms, one in zip(times, ids, strict=True)
        ]
        insert_clicks(clicks_url, *stored)
        consumer.finish([entry.entry_id for entry in entries])
        return ids

    return deliver


def found_by(hopline: Run, *options: str) -> dict:
    ended = hopline("audit", "--json", *options)
    found = json.loads(ended.out)
    assert ended.exit_code == (0 if found["balanced"] else 1)
    assert ended.err == ("" if found["balanced"] else "hopline: the ledger does not balance\n")
    return found


def execute(url: str, statement: str) -> None:
    with connect_clickhouse(url, timeout_seconds=10) as client:
        client.execute(statement, settings={"mutations_sync": 1})


def test_before_the_workers_ever_ran_there_is_no_ledger(hopline, clicks_url):
    ended = hopline("audit")
    assert (ended.exit_code, ended.out) == (1, "")
    assert ended.err == "hopline: the ledger has not begun: it does when the workers run\n"


def test_before_the_migration_it_says_what_to_do(hopline, consumer, clicks_url):
    execute(clicks_url, "DROP TABLE ledger")
    ended = hopline("audit")
    assert ended.exit_code == 1
    assert "hopline migrate" in ended.err


def test_a_time_that_is_none_is_wrong_usage(hopline, clicks_url):
    ended = hopline("audit", "--since", "soon")
    assert (ended.exit_code, ended.out) == (2, "")
    assert ended.err.startswith("hopline: --since: 'soon' is no time")


def test_every_click_is_in_its_place(hopline, redis_url, consumer, deliver, tmp_path):
    send_clicks(redis_url, 5)
    deliver()
    send_clicks(redis_url, 4)
    consumer.read(3)
    spooled = make_click()
    file = SpoolFile(tmp_path / "spool", 1 << 24)
    file.write([(spooled.click_id, b"XADD")])
    file.close()
    found = found_by(hopline)
    places = {"inserted": 5, "dead": 0, "pending": 3, "unread": 1, "spooled": 1}
    total = {"accepted": 10, **places, "missing": 0, "uncounted": 0}
    assert found["total"] == total
    assert sum(one["accepted"] for one in found["minutes"]) == 10
    entries = {"accepted": 9, "inserted": 5, "dead": 0, "pending": 3, "unread": 1, "missing": 0}
    assert found["entries"] == {**entries, "again": 0}


def test_a_person_reads_a_line_a_minute_and_a_total(hopline, redis_url, consumer, deliver):
    old = make_click()
    moment = old.time_ms
    send(redis_url, [to_fields(old)])
    deliver()
    head, *minutes, total, entries = hopline("audit").out.splitlines()
    assert head == "MINUTE\tACCEPTED\tINSERTED\tDEAD\tPENDING\tUNREAD\tSPOOLED\tMISSING\tUNCOUNTED"
    minute = datetime.fromtimestamp(moment / 1000, UTC)
    assert minutes == [f"{minute:%Y-%m-%dT%H:%MZ}\t1\t1\t0\t0\t0\t0\t0\t0"]
    assert total == "total\t1\t1\t0\t0\t0\t0\t0\t0"
    assert entries.endswith(": 1 accepted, 1 inserted, 0 dead, 0 pending, 0 unread, 0 missing")


def test_a_click_that_is_deleted_from_the_table_is_named(
    hopline, redis_url, consumer, deliver, clicks_url
):
    send_clicks(redis_url, 5)
    gone = deliver()[2]
    execute(clicks_url, f"ALTER TABLE clicks DELETE WHERE hex(click_id) = '{gone.hex().upper()}'")
    found = found_by(hopline)
    assert (found["total"]["accepted"], found["total"]["inserted"]) == (5, 4)
    assert [one["click_id"] for one in found["missing_clicks"]] == [gone.hex()]
    ended = hopline("audit")
    assert f"\nmissing click {gone.hex()} of " in ended.out
    assert (ended.exit_code, ended.err) == (1, "hopline: the ledger does not balance\n")


def test_clicks_that_both_tables_lost_are_named_and_how_to_bring_them_back(
    hopline, redis, redis_url, consumer, deliver, clicks_url
):
    send_clicks(redis_url, 3)
    lost = deliver()
    for table in ("clicks", "ledger"):
        execute(clicks_url, f"TRUNCATE TABLE {table}")
    send_clicks(redis_url, 2)
    deliver()
    (first, _), *_ = redis.xrange(STREAM, count=1)
    found = found_by(hopline)
    assert {click["click_id"] for click in found["missing_clicks"]} == {one.hex() for one in lost}
    assert (found["replayable"], found["replay_since"]) == (3, first.decode())
    assert (found["total"]["missing"], found["total"]["accepted"]) == (3, 5)
    said = f"3 of the missing clicks are in the stream: `hopline replay --since {first.decode()}`"
    assert said in hopline("audit").out
    redis.xtrim(STREAM, maxlen=2, approximate=False)
    assert found_by(hopline)["balanced"]


def test_a_click_that_is_inserted_by_hand_is_named(hopline, consumer, clicks_url):
    row = click_row(datetime.now(UTC) + timedelta(seconds=1))
    insert_clicks(clicks_url, row)
    found = found_by(hopline)
    assert [one["click_id"] for one in found["uncounted_clicks"]] == [row["click_id"].hex()]
    assert f"\nuncounted click {row['click_id'].hex()} of " in hopline("audit").out


def test_an_entry_that_is_deleted_by_hand_leaves_a_gap(
    hopline, redis, redis_url, consumer, deliver
):
    send_clicks(redis_url, 5)
    redis.xdel(STREAM, redis.xrange(STREAM)[2][0])
    deliver()
    found = found_by(hopline)
    assert found["total"]["accepted"] == 4
    assert found["entries"]["missing"] == 1
    ((gap),) = found["gaps"]
    assert gap["entries"] == 1
    assert gap["after"] < gap["before"]
    line = f"entries that went missing between {gap['after']} and {gap['before']}: 1"
    assert line in hopline("audit").out.splitlines()


def test_what_happened_earlier_can_be_left_out(hopline, redis, redis_url, consumer, deliver):
    send_clicks(redis_url, 3)
    redis.xdel(STREAM, redis.xrange(STREAM)[2][0])
    deliver()
    assert hopline("audit").exit_code == 1
    later = datetime.now(UTC).isoformat()
    assert found_by(hopline, "--since", later)["balanced"]


def test_a_redis_that_was_emptied_is_no_balanced_one(hopline, redis, redis_url, consumer, deliver):
    send_clicks(redis_url, 3)
    deliver()
    call = RedisConnection(connect(redis_url, timeout_seconds=30), redis_url, 30).call
    entries = EntryLedger(call, STREAM, GROUP)
    since_ms = entries.noted().since_ms
    entries.note_emptied(since_ms - 5_000, since_ms)
    found = found_by(hopline)
    assert (found["balanced"], found["gaps"][0]["emptied"]) == (False, True)
    ended = hopline("audit")
    assert ended.exit_code == 1
    assert "the stream was deleted, or all that Redis held, between" in ended.out


def test_a_group_that_was_destroyed_doubles_nothing(hopline, redis, redis_url, consumer, deliver):
    send_clicks(redis_url, 3)
    deliver()
    redis.xgroup_destroy(STREAM, GROUP)
    consumer.stream.ensure_group()
    deliver()
    found = found_by(hopline)
    assert (found["balanced"], found["total"]["inserted"], found["gaps"]) == (True, 3, [])
    assert found["entries"]["again"] == 3
    assert min(found["entries"].values()) == 0
    assert "3 twice, for the group was set back" in hopline("audit").out


def test_many_missing_clicks_are_not_all_named_to_a_person(
    hopline, redis_url, consumer, deliver, clicks_url
):
    send_clicks(redis_url, 30)
    deliver()
    execute(clicks_url, "TRUNCATE TABLE clicks")
    ended = hopline("audit")
    assert ended.out.count("missing click ") == 20
    assert "hopline: 10 more missing clicks are not named: see --json\n" in ended.err
    assert len(found_by(hopline)["missing_clicks"]) == 30


def test_of_many_minutes_only_those_with_something_to_see_are_shown(
    hopline, redis_url, consumer, deliver
):
    now_ms = make_click().time_ms
    ahead = [
        make_click(
            click_id=(now_ms + n * 60_000).to_bytes(6, "big")
            + b"\x70"
            + bytes(1)
            + b"\x80"
            + bytes(7),
            timestamp=now_ms // 1000 + n * 60,
        )
        for n in range(130)
    ]
    send(redis_url, map(to_fields, ahead))
    deliver()
    send_clicks(redis_url, 1)
    _, unread, _, hidden, _ = hopline("audit").out.splitlines()
    assert unread.split("\t")[5] == "1"
    assert hidden == "129 settled minutes are not shown: see --json"
    assert len(found_by(hopline)["minutes"]) == 130


def test_clicks_that_went_with_a_deleted_spool_are_told(hopline: Run, consumer, tmp_path) -> None:
    SpoolNote(tmp_path / "spool").write(240)
    ended = hopline("audit", "--json")
    found = json.loads(ended.out)
    assert (ended.exit_code, found["balanced"], found["lost_with_spool"]) == (1, True, 240)
    assert ended.err == f"hopline: {tmp_path}/spool was deleted, and 240 clicks with it\n"


def test_sums_that_are_not_those_of_the_clicks_are_named(hopline, consumer, clicks_url):
    yesterday = datetime.now(UTC) - timedelta(days=1)
    with connect_clickhouse(clicks_url, timeout_seconds=10) as client:
        note = "INSERT INTO click_sum_days (day, version, state, marks_before, revision) VALUES"
        client.execute(note, [(yesterday.date(), 1, State.PUBLISHED, yesterday, REVISION)])
        row = (yesterday.replace(minute=0, second=0, microsecond=0), 1, "demo", 3)
        client.execute("INSERT INTO click_sums (time, version, short_code, clicks) VALUES", [row])
        ended = hopline("audit", "--json")
        assert ended.exit_code == 1
        (found,) = json.loads(ended.out)["sums"]
        assert (found["day"], found["short_code"]) == (str(yesterday.date()), "demo")
        assert (found["summed_clicks"], found["clicks"]) == (3, 0)
        assert f"the sums of {yesterday.date()} for link demo say 3 clicks" in ended.err
        # It is marked, and so no sums are left that could differ.
        assert json.loads(hopline("audit", "--json").out)["sums"] == []
