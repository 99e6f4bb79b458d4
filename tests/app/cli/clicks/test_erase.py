import json
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from app.audit.entry_counts import EntryLedger
from app.clicks.click import Click, to_fields
from app.dead_letters.letter import Fault, to_letter
from app.processes.child import wait_for
from app.redirect.spool.file import SpoolFile
from app.stores.redis.connection import RedisConnection
from app.sums.computation import Computation
from app.sums.days import clean_days
from tests.support.clicks import NOON, click_row, insert_clicks
from tests.support.erasing import BEGAN, BEGAN_MS, add, click, codes, left, process
from tests.support.producers import xadd_of

Run = Callable[..., Any]


def test_a_links_clicks_go_from_every_place_and_others_stay(
    hopline: Run, tables: Any, redis: Redis, clickhouse_url: str
) -> None:
    process(redis, clickhouse_url, click(1), click(2), click(3, "other"))
    ended = hopline("erase", "--code", "abc", "--yes", "--json")
    done = json.loads(ended.out)
    assert (ended.exit_code, done["stored"], done["entries"], done["left"]) == (0, 2, 2, 0)
    assert codes(tables) == ["other"]
    assert left(tables) == (1, 1)
    assert redis.xlen("clicks:stream") == 1


def test_a_link_is_named_by_its_short_link_as_well(
    hopline: Run, tables: Any, redis: Redis, clickhouse_url: str
) -> None:
    process(redis, clickhouse_url, click(1), click(2, "other"))
    ended = hopline("erase", "--code", "https://go.example.com/abc?utm_source=x", "--yes", "--json")
    assert json.loads(ended.out)["stored"] == 1
    assert codes(tables) == ["other"]


def test_entries_and_letters_of_every_shard_go(
    hopline: Run,
    tables: Any,
    redis: Redis,
    clickhouse_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOPLINE_STREAM_SHARDS", "2")
    process(redis, clickhouse_url, click(1))
    shards = ("clicks:stream:{u0}", "clicks:stream:{ly}")
    for number, stream in enumerate(shards, 2):
        redis.xgroup_create(stream, "analytics-group", "0", mkstream=True)
        for one in (click(number), click(number + 10, "other")):
            redis.xadd(stream, to_fields(one))
        read = redis.xreadgroup("analytics-group", "c", {stream: ">"})
        redis.xack(stream, "analytics-group", *(entry_id for entry_id, _ in read[0][1]))
    letter = to_letter(b"1-1", _flat(click(20)), Fault("odd", ""), "me", BEGAN_MS)
    redis.execute_command("XADD", "clicks:dead:{ly}", "*", "deliveries", 1, *letter)
    done = json.loads(hopline("erase", "--code", "abc", "--yes", "--json").out)
    assert (done["stored"], done["entries"], done["letters"]) == (1, 3, 1)
    assert [redis.xlen(stream) for stream in ("clicks:stream", *shards)] == [0, 1, 1]
    assert left(tables) == (0, 0)


def _flat(one: Click) -> list[bytes]:
    return [text.encode() for pair in to_fields(one).items() for text in pair]


def test_a_dry_run_counts_and_changes_nothing(
    hopline: Run, tables: Any, redis: Redis, clickhouse_url: str
) -> None:
    process(redis, clickhouse_url, click(1), click(2, "other"))
    ended = hopline("erase", "--code", "abc", "--dry-run")
    assert ended.exit_code == 0
    assert "ClickHouse\t1" in ended.out
    assert "hopline restore" in ended.err
    assert left(tables) == (2, 2)
    assert redis.xlen("clicks:stream") == 2


def test_the_audit_misses_nothing_and_a_replay_brings_nothing_back(
    hopline: Run, tables: Any, redis: Redis, clickhouse_url: str
) -> None:
    redis.xgroup_create("clicks:stream", "analytics-group", "0", mkstream=True)
    EntryLedger(RedisConnection(redis, "", 5).call, "clicks:stream", "analytics-group").check()
    process(redis, clickhouse_url, click(1), click(2, "other"))
    redis.hincrby("{clicks:stream}:analytics-group:ledger", "inserted", 2)
    assert hopline("audit").exit_code == 0
    assert hopline("erase", "--code", "abc", "--yes").exit_code == 0
    assert hopline("replay", "--since", "2d").exit_code == 0
    assert codes(tables) == ["other"]
    audited = hopline("audit", "--since", "2d", "--json")
    assert (audited.exit_code, audited.err) == (0, "")


def test_what_is_not_processed_yet_is_left_and_said(
    hopline: Run, tables: Any, redis: Redis, clickhouse_url: str
) -> None:
    process(redis, clickhouse_url, click(1))
    add(redis, click(2))
    redis.xreadgroup("analytics-group", "c", {"clicks:stream": ">"})
    add(redis, click(3))
    ended = hopline("erase", "--code", "abc", "--yes")
    assert ended.exit_code == 1
    assert "2 entries are not processed yet" in ended.err
    assert redis.xlen("clicks:stream") == 2
    assert redis.xpending("clicks:stream", "analytics-group")["pending"] == 1


def test_a_whole_address_is_found_by_its_entries_where_only_networks_are_stored(
    hopline: Run, tables: Any, redis: Redis, clickhouse_url: str
) -> None:
    process(redis, clickhouse_url, click(1), click(2, "neighbour", "203.0.113.8"))
    assert hopline("erase", "--address", "203.0.113.7", "--yes").exit_code == 0
    assert codes(tables) == ["neighbour"]
    assert left(tables) == (1, 1)
    assert redis.xlen("clicks:stream") == 1


@pytest.mark.parametrize(
    ("address", "stays"),
    [
        ("203.0.113.0/24", ["v6"]),
        ("::ffff:203.0.113.0/120", ["v6"]),
        ("2001:db8::/32", ["v4"]),
        ("2001:db8:1::/48", ["v4"]),
        ("198.51.100.0/24", ["v4", "v6"]),
        # Of a part of what is stored nobody can tell whose clicks are in it.
        ("203.0.113.0", ["v4", "v6"]),
        ("203.0.113.0/25", ["v4", "v6"]),
        ("2001:db8:1::/64", ["v4", "v6"]),
    ],
)
def test_a_network_finds_what_is_stored(
    hopline: Run, tables: Any, clickhouse_url: str, address: str, stays: list[str]
) -> None:
    insert_clicks(
        clickhouse_url,
        click_row(short_code="v4"),
        click_row(short_code="v6", ip="2001:db8:1::"),
    )
    assert hopline("erase", "--address", address, "--yes").exit_code == 0
    assert codes(tables) == stays
    commands = tables.execute(
        "SELECT command FROM system.mutations WHERE database = currentDatabase()"
    )
    assert not any("203.0.113" in text or "2001:db8" in text for (text,) in commands)


def test_more_clicks_are_erased_than_one_query_can_name(
    hopline: Run, tables: Any, redis: Redis, clickhouse_url: str
) -> None:
    process(redis, clickhouse_url, *map(click, range(7_000)))
    ended = hopline("erase", "--address", "203.0.113.0/24", "--yes", "--json")
    done = json.loads(ended.out)
    assert (ended.exit_code, done["stored"], done["entries"]) == (0, 7_000, 7_000)
    assert left(tables) == (0, 0)


def test_a_visitors_clicks_are_found_by_their_id(
    hopline: Run, tables: Any, redis: Redis, clickhouse_url: str
) -> None:
    process(redis, clickhouse_url, click(1, "mine"), visitor_id=2**64 - 1)
    process(redis, clickhouse_url, click(2, "yours"), visitor_id=7)
    assert hopline("erase", "--visitor", str(2**64 - 1), "--yes").exit_code == 0
    assert codes(tables) == ["yours"]
    assert redis.xlen("clicks:stream") == 1


def test_an_id_that_no_visitor_can_have_erases_nobody_elses_clicks(
    hopline: Run, tables: Any, redis: Redis, clickhouse_url: str
) -> None:
    process(redis, clickhouse_url, click(1), visitor_id=7)
    assert hopline("erase", "--visitor", str(2**64 + 7), "--yes").exit_code == 2
    assert left(tables) == (1, 1)


def test_only_clicks_of_the_time_go(hopline: Run, tables: Any, clickhouse_url: str) -> None:
    insert_clicks(clickhouse_url, click_row(NOON), click_row(NOON + timedelta(days=1)))
    hopline("erase", "--code", "abc", "--until", "2026-05-11", "--yes")
    assert left(tables)[0] == 1


def test_spooled_and_damaged_clicks_and_dead_letters_go(
    hopline: Run, tables: Any, redis: Redis, tmp_path: Path
) -> None:
    spool = tmp_path / "spool"
    with closing(SpoolFile(spool, 1 << 24)) as file:
        clicks = [click(n, code) for n, code in enumerate(("abc", "x", "abc"))]
        file.write([(one.click_id, xadd_of(one)) for one in clicks])
        file.set_aside([click(2).click_id], "for the test")
        redis.xadd(
            "clicks:dead",
            {"entry_id": "1-1", **{f"field:{k}": v for k, v in to_fields(click(5)).items()}},
        )
        ended = hopline("erase", "--code", "abc", "--yes", "--json")
        done = json.loads(ended.out)
        assert (ended.exit_code, done["spooled"], done["letters"]) == (0, 2, 1)
        assert [row[0] for row in file.oldest(10)] == [click(1).click_id]
        assert file.count() == 1
    assert redis.xlen("clicks:dead") == 0
    assert click(0).click_id not in (spool / "spool.db").read_bytes()


def test_a_spool_that_was_set_aside_is_named(hopline: Run, tables: Any, tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "spool.db.damaged-1").touch()
    ended = hopline("erase", "--code", "abc", "--yes")
    assert ended.exit_code == 1
    assert "spool.db.damaged-1 was damaged and set aside" in ended.err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--code", "a", "--visitor", "1"],
        ["--address", "nonsense", "--yes"],
        # Nobody's: clicks that are only counted.
        ["--visitor", "0", "--yes"],
        ["--code", "abc"],
        ["--code", "abc", "--since", "soon", "--yes"],
    ],
)
def test_wrong_usage_erases_nothing(hopline: Run, arguments: list[str]) -> None:
    ended = hopline("erase", *arguments)
    assert (ended.exit_code, ended.out) == (2, "")
    assert ended.err.startswith("hopline: ")


def test_the_sums_of_a_link_go_and_others_are_made_anew(
    hopline: Run, tables: Any, redis: Redis, clickhouse_url: str
) -> None:
    rows = [click_row(NOON, short_code=code) for code in ("abc", "other", "other")]
    insert_clicks(clickhouse_url, *rows)
    with closing(Computation(clickhouse_url, 30)) as computation:
        computation.compute(NOON.date())
    tables.execute("TRUNCATE TABLE click_marks")
    assert NOON.date() in clean_days(tables)
    assert hopline("erase", "--code", "abc", "--yes").exit_code == 0
    assert clean_days(tables) == {}
    assert tables.execute("SELECT DISTINCT short_code FROM click_sums ORDER BY 1") == [
        ("",),
        ("other",),
    ]
    named = "SELECT DISTINCT value FROM click_values WHERE dimension IN ('link', 'leading_link')"
    assert tables.execute(named) == [("other",)]


def test_the_days_of_a_visitors_clicks_are_marked(
    hopline: Run, tables: Any, redis: Redis, clickhouse_url: str
) -> None:
    insert_clicks(clickhouse_url, click_row(NOON, visitor_id=7), click_row(NOON))
    tables.execute("TRUNCATE TABLE click_marks")
    assert hopline("erase", "--visitor", "7", "--yes").exit_code == 0
    assert tables.execute("SELECT DISTINCT day FROM click_marks") == [(NOON.date(),)]


def test_parts_that_were_set_aside_are_counted_and_go_when_asked(
    hopline: Run, tables: Any, redis: Redis, clickhouse_url: str
) -> None:
    process(redis, clickhouse_url, click(1), click(2, "other"))
    tables.execute(f"ALTER TABLE clicks DETACH PARTITION ID '{BEGAN:%Y%m}'")
    erase = ("erase", "--code", "abc", "--yes")
    for options in ((), ("--dry-run", "--detached")):
        done = json.loads(hopline(*erase, *options, "--json").out)
        assert (done["detached"], done["detached_gone"]) == (1, 0)
    assert "set aside may hold clicks: 1; once" in hopline(*erase).err
    done = json.loads(hopline(*erase, "--detached", "--json").out)
    assert (done["detached"], done["detached_gone"]) == (0, 1)
    # What its deletion merged away takes ClickHouse a moment to remove.
    assert wait_for(lambda: hopline(*erase, "--detached").exit_code == 0, 60)
    assert tables.execute("SELECT count() FROM system.detached_parts") == [(0,)]


def test_the_log_of_slow_commands_is_cleared_where_that_is_allowed(
    hopline: Run, tables: Any, redis: Redis, clickhouse_url: str
) -> None:
    process(redis, clickhouse_url, click(1))
    redis.config_set("slowlog-log-slower-than", 0)
    try:
        add(redis, click(2))
        redis.config_set("slowlog-log-slower-than", -1)
        assert redis.slowlog_len() > 0
        redis.execute_command("ACL", "SETUSER", "default", "-slowlog")
        ended = hopline("erase", "--address", "203.0.113.0/24", "--yes")
        assert "this user may not SLOWLOG RESET" in ended.err
        redis.execute_command("ACL", "SETUSER", "default", "+slowlog")
        assert redis.slowlog_len() > 0
        hopline("erase", "--address", "203.0.113.0/24", "--yes")
        assert redis.slowlog_len() == 0
    finally:
        redis.execute_command("ACL", "SETUSER", "default", "+slowlog")
        redis.config_set("slowlog-log-slower-than", -1)
