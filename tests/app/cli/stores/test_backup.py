import stat
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from redis import Redis

from app.stores.clickhouse.connection import connect
from app.stores.clickhouse.shards import Shard
from app.sums.computation import Computation
from app.sums.days import clean_days
from tests.app.cli.stores.conftest import all_clicks
from tests.support.clicks import click_row, insert_clicks

Run = Callable[..., Any]


def test_an_empty_machine_gets_the_same_links_and_clicks(
    hopline: Run, filled: str, elsewhere: Callable[[], str], tmp_path: Path
) -> None:
    directory = tmp_path / "backup"
    assert hopline("backup", str(directory)) == (
        0,
        f"3 links and 10 clicks are in {directory}\n",
        "",
    )
    links, clicks = hopline("links", "export", "--with-deleted").out, all_clicks(filled)
    url = elsewhere()
    ended = hopline("restore", str(directory))
    assert ended == (0, f"3 links and 10 clicks are restored from {directory}\n", "")
    assert hopline("links", "export", "--with-deleted").out == links
    assert all_clicks(url) == clicks


def test_a_restore_that_is_repeated_changes_nothing(
    hopline: Run, filled: str, elsewhere: Callable[[], str], tmp_path: Path
) -> None:
    directory = str(tmp_path / "backup")
    hopline("backup", directory)
    url = elsewhere()
    hopline("restore", directory)
    links, clicks = hopline("links", "export", "--with-deleted").out, all_clicks(url)
    assert hopline("restore", directory).exit_code == 0
    assert hopline("links", "export", "--with-deleted").out == links
    assert all_clicks(url) == clicks


def test_what_is_there_is_not_inserted_again(
    hopline: Run, filled: str, elsewhere: Callable[[], str], tmp_path: Path
) -> None:
    directory = str(tmp_path / "backup")
    hopline("backup", directory)
    url = elsewhere()
    hopline("restore", directory)
    with connect(url, timeout_seconds=30) as client:
        client.execute("SYSTEM STOP MERGES clicks")
        rows = "SELECT count() FROM clicks"
        assert client.execute(rows) == [(10,)]
        hopline("restore", directory)
        assert client.execute(rows) == [(10,)]


def test_an_older_row_of_a_click_is_replaced(
    hopline: Run, filled: str, elsewhere: Callable[[], str], tmp_path: Path
) -> None:
    directory, clicks = str(tmp_path / "backup"), all_clicks(filled)
    hopline("backup", directory)
    url = elsewhere()
    hopline("restore", directory)
    with connect(url, timeout_seconds=10, settings={"mutations_sync": 2}) as client:
        client.execute(
            "CREATE TABLE old ENGINE = MergeTree ORDER BY click_id"
            " AS SELECT * REPLACE ('XX' AS country, enriched_at - 5 AS enriched_at) FROM clicks"
        )
        client.execute("TRUNCATE TABLE clicks")
        client.execute("INSERT INTO clicks SELECT * FROM old")
    ended = hopline("restore", directory)
    assert ended == (0, f"3 links and 10 clicks are restored from {directory}\n", "")
    assert all_clicks(url) == clicks


def test_every_text_and_number_comes_back_as_it_was(
    hopline: Run, filled: str, elsewhere: Callable[[], str], tmp_path: Path
) -> None:
    texts = ("\n\r\t", "a\\b/c", "\"'`", "\u2028\u0007\U0001f600", "null", "{}", "\x00", "\\n")
    rows = [click_row(user_agent=text, referrer=text, bot=text, short_code=text) for text in texts]
    numbers = [
        click_row(visitor_id=number, ip=ip)
        for number, ip in ((0, "::"), (2**64 - 1, "2001:db8::ffff"), (2**63, "::ffff:1.2.3.4"))
    ]
    insert_clicks(filled, *rows, *numbers)
    clicks = all_clicks(filled)
    hopline("backup", str(tmp_path / "backup"))
    url = elsewhere()
    assert hopline("restore", str(tmp_path / "backup")).exit_code == 0
    assert all_clicks(url) == clicks


@pytest.mark.parametrize(
    ("column", "is_kept"),
    [
        ("campaign String DEFAULT 'none'", True),
        ("day Date MATERIALIZED toDate(time)", False),
        ("code String ALIAS short_code", False),
        ("seen DateTime DEFAULT now()", False),
        ("price Decimal(9, 2)", False),
    ],
)
def test_columns_of_somebodys_own_keep_no_click_from_being_restored(
    hopline: Run,
    filled: str,
    elsewhere: Callable[[], str],
    tmp_path: Path,
    column: str,
    is_kept: bool,
) -> None:
    clicks = all_clicks(filled)
    name, directory = column.partition(" ")[0], str(tmp_path / "backup")
    with connect(filled, timeout_seconds=10) as client:
        client.execute(f"ALTER TABLE clicks ADD COLUMN {column}")
    said = "" if is_kept else f"hopline: columns of your own are left out: {name}\n"
    ended = hopline("backup", directory)
    assert (ended.exit_code, ended.err) == (0, said)
    # Where they are, and where nobody has added them.
    with connect(filled, timeout_seconds=10) as client:
        client.execute("TRUNCATE TABLE clicks")
    ended = hopline("restore", directory)
    assert (ended.exit_code, ended.err) == (0, "")
    url = elsewhere()
    ended = hopline("restore", directory)
    said = f"hopline: this table has no {name}: left out\n" if is_kept else ""
    assert (ended.exit_code, ended.err) == (0, said)
    assert all_clicks(url) == clicks


LOSSES = [
    "DELETE FROM clicks WHERE 1",
    "ALTER TABLE clicks DELETE WHERE 1",
    "ALTER TABLE clicks DELETE WHERE user_agent = ''",
    "ALTER TABLE clicks DROP PARTITION 202605",
    "TRUNCATE TABLE clicks",
]


@pytest.mark.parametrize("loss", LOSSES)
def test_what_was_lost_after_a_restore_is_restored_again(
    hopline: Run, filled: str, elsewhere: Callable[[], str], tmp_path: Path, loss: str
) -> None:
    directory = str(tmp_path / "backup")
    hopline("backup", directory)
    url = elsewhere()
    hopline("restore", directory)
    clicks = all_clicks(url)
    with connect(url, timeout_seconds=10, settings={"mutations_sync": 2}) as client:
        client.execute(loss)
    assert all_clicks(url) != clicks
    ended = hopline("restore", directory)
    assert ended == (0, f"3 links and 10 clicks are restored from {directory}\n", "")
    assert all_clicks(url) == clicks


def test_a_restore_marks_the_days_of_what_it_inserts_and_none_where_all_is_there(
    hopline: Run, filled: str, elsewhere: Callable[[], str], tmp_path: Path
) -> None:
    directory = str(tmp_path / "backup")
    hopline("backup", directory)
    url = elsewhere()
    hopline("restore", directory)
    with connect(url, timeout_seconds=30) as client, closing(Computation(url, 30)) as computation:
        rows = client.execute("SELECT DISTINCT toDate(time) FROM clicks ORDER BY 1")
        days = [day for (day,) in rows]
        assert len(days) > 1
        now = {"mutations_sync": 1}
        client.execute("ALTER TABLE click_marks DELETE WHERE 1", settings=now)
        for day in days:
            computation.compute(day)
        hopline("restore", directory)
        assert list(clean_days(client)) == days
        lost = f"ALTER TABLE clicks DELETE WHERE toDate(time) = '{days[0]}'"
        client.execute(lost, settings=now)
        hopline("restore", directory)
        assert days[0] not in clean_days(client)


def test_clicks_that_are_not_there_afterwards_are_said_to_be_missing(
    hopline: Run,
    filled: str,
    elsewhere: Callable[[], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    directory = str(tmp_path / "backup")
    hopline("backup", directory)
    url = elsewhere()

    def delete_some(shard: Shard, *tables: str) -> None:
        shard.client.execute("ALTER TABLE clicks DELETE WHERE is_bot SETTINGS mutations_sync = 2")

    # Called before each look at what is stored.
    monkeypatch.setattr(Shard, "catch_up", delete_some)
    ended = hopline("restore", directory)
    assert ended.exit_code == 1
    assert ended.out == f"3 links and 9 clicks are restored from {directory}\n"
    assert ended.err.startswith("hopline: 1 clicks are not in ClickHouse")
    assert len(all_clicks(url)) == 9


def test_clicks_that_are_too_old_to_be_kept_are_not_missing(
    hopline: Run,
    filled: str,
    elsewhere: Callable[[], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    insert_clicks(filled, click_row(datetime.now(UTC)))
    directory = str(tmp_path / "backup")
    hopline("backup", directory)
    elsewhere()
    monkeypatch.setenv("HOPLINE_CLICK_TTL_DAYS", "7")
    ended = hopline("restore", directory)
    assert (ended.exit_code, ended.out) == (
        0,
        f"3 links and 1 clicks are restored from {directory}\n",
    )
    assert ended.err == "hopline: 10 clicks are older than HOPLINE_CLICK_TTL_DAYS: not kept\n"


def test_the_ledger_of_the_new_machine_knows_every_restored_click(
    hopline: Run, filled: str, elsewhere: Callable[[], str], tmp_path: Path
) -> None:
    # The ledger forgets old clicks, so these have to be young.
    insert_clicks(filled, *(click_row(datetime.now(UTC)) for _ in range(3)))
    hopline("backup", str(tmp_path / "backup"))
    url = elsewhere()
    hopline("restore", str(tmp_path / "backup"))
    with connect(url, timeout_seconds=30) as client:
        # Old ones go when the server gets round to it.
        young = "SELECT count() FROM ledger FINAL WHERE time > now() - INTERVAL 1 DAY"
        assert client.execute(young) == [(3,)]


def test_uses_of_a_limited_link_come_with_it(
    hopline: Run, filled: str, elsewhere: Callable[[], str], tmp_path: Path, redis_url: str
) -> None:
    with Redis.from_url(redis_url) as client:
        client.set("links:uses:limited", 3)
    hopline("backup", str(tmp_path / "backup"))
    elsewhere()
    hopline("restore", str(tmp_path / "backup"))
    assert '"uses": 3' in hopline("links", "show", "limited", "--json").out


def test_keys_come_with_it_and_what_was_revoked_since_stays_revoked(
    hopline: Run, filled: str, elsewhere: Callable[[], str], tmp_path: Path
) -> None:
    directory = tmp_path / "backup"
    first, second = (
        hopline("keys", "add", name, "--scope", "stats:read").out.strip() for name in "ab"
    )
    told = f"3 links, 2 API keys and 10 clicks are in {directory}\n"
    assert hopline("backup", str(directory)) == (0, told, "")
    assert first.encode() not in b"".join(map(Path.read_bytes, directory.iterdir()))
    elsewhere()
    hopline("restore", str(directory))
    hopline("keys", "revoke", first)
    told = f"3 links, 2 API keys and 10 clicks are restored from {directory}\n"
    assert hopline("restore", str(directory)).out == told
    listed = hopline("keys", "list").out
    assert [line.split("\t")[1] for line in listed.splitlines()[1:]] == ["revoked", "live"]
    assert second.split("_")[1] in listed


def test_another_link_in_the_way_is_left_alone_and_named(
    hopline: Run, filled: str, elsewhere: Callable[[], str], tmp_path: Path
) -> None:
    hopline("backup", str(tmp_path / "backup"))
    elsewhere()
    hopline("links", "add", "https://example.com/other", "--code", "plain")
    ended = hopline("restore", str(tmp_path / "backup"))
    assert ended.exit_code == 1
    assert "hopline: another link has the code 'plain'; it was left alone\n" in ended.err
    assert "https://example.com/other" in hopline("links", "show", "plain").out


def test_webhooks_shares_and_the_trail_come_with_it(
    hopline: Run, filled: str, elsewhere: Callable[[], str], tmp_path: Path
) -> None:
    directory = tmp_path / "backup"
    hopline("webhooks", "add", "https://hooks.example/", "--event", "link.created")
    made = hopline("links", "history", "plain").out
    told = f"3 links, 1 webhooks and 10 clicks are in {directory}\n"
    assert hopline("backup", str(directory)) == (0, told, "")
    elsewhere()
    told = f"3 links, 1 webhooks and 10 clicks are restored from {directory}\n"
    assert hopline("restore", "--disable-webhooks", str(directory)) == (0, told, "")
    assert "disabled" in hopline("webhooks", "list").out
    assert made.splitlines()[1] in hopline("links", "history", "plain").out


def test_a_backup_of_a_version_before_has_less_and_is_restored(
    hopline: Run, filled: str, elsewhere: Callable[[], str], tmp_path: Path
) -> None:
    directory = tmp_path / "backup"
    hopline("keys", "add", "a", "--scope", "stats:read")
    hopline("backup", str(directory))
    manifest = orjson.loads((directory / "backup.json").read_bytes())
    newer = {"trail", "webhooks", "shares", "imported"}
    manifest["parts"] = [part for part in manifest["parts"] if part["name"] not in newer]
    (directory / "backup.json").write_bytes(orjson.dumps(manifest))
    elsewhere()
    told = f"3 links, 1 API keys and 10 clicks are restored from {directory}\n"
    assert hopline("restore", str(directory)) == (0, told, "")


def test_nothing_is_stored_of_a_damaged_backup(
    hopline: Run, filled: str, elsewhere: Callable[[], str], tmp_path: Path
) -> None:
    directory = tmp_path / "backup"
    hopline("backup", str(directory))
    (directory / "clicks-202605.jsonl.gz").write_bytes(b"")
    elsewhere()
    ended = hopline("restore", str(directory))
    assert (ended.exit_code, ended.out) == (1, "")
    assert "clicks-202605.jsonl.gz is damaged" in ended.err
    assert hopline("links", "list", "--json").out.startswith('{\n  "links": [],')


def test_a_backup_is_open_to_nobody_else(hopline: Run, filled: str, tmp_path: Path) -> None:
    hopline("backup", str(tmp_path / "into" / "backup"))
    backup = tmp_path / "into" / "backup"
    assert stat.S_IMODE(backup.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in backup.iterdir()} == {0o600}
    assert "others can look" not in hopline("restore", str(backup)).err
    (backup / "links.jsonl.gz").chmod(0o644)
    ended = hopline("restore", str(backup))
    assert (ended.exit_code, f"chmod -R go= {backup}" in ended.err) == (0, True)
