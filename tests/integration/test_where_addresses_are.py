"""The table of docs/privacy.md is true: addresses are sent in, and looked for in every place."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ResponseError

from app.links.link import Link, encode
from app.stores.clickhouse.connection import connect
from app.stores.keys import link_key
from tests.support.redirect_servers import RedirectServer
from tests.support.servers import environ_of
from tests.support.traces import files_with, tables_of, traces_in
from tests.support.worker_processes import Workers, wait_until

STREAM, DEAD = "clicks:stream", "clicks:dead"
#: As their proxies write them, and as they are read; in no other test, and in no other network.
SENT = {
    "198.51.100.213": "198.51.100.213",
    "2001:DB8:77:1234:5678:9abc:def0:1357": "2001:db8:77:1234:5678:9abc:def0:1357",
    "::ffff:192.0.2.189": "192.0.2.189",
    '"[2001:db8:99:4321:8765:cba9:fed:7531]:4711"': "2001:db8:99:4321:8765:cba9:fed:7531",
}
#: What a visitor claims, left of what the trusted proxy says.
HEARSAY = "203.0.113.199"
#: Who asks not to be followed.
UNFOLLOWED = "203.0.113.58"
ALL = (*SENT.values(), HEARSAY, UNFOLLOWED)
LOG_TABLES = """
  <query_log><database>system</database><table>query_log</table></query_log>
  <query_thread_log><database>system</database><table>query_thread_log</table></query_thread_log>
  <part_log><database>system</database><table>part_log</table></part_log>
  <text_log><database>system</database><table>text_log</table><level>trace</level></text_log>
</clickhouse>"""


@pytest.fixture
def talkative(clickhouse):
    """A ClickHouse that logs whatever it can."""
    config = clickhouse.directory / "config.xml"
    text = config.read_text().replace("<level>warning</level>", "<level>trace</level>")
    config.write_text(text.replace("</clickhouse>", LOG_TABLES))
    clickhouse.restart()
    return clickhouse


@pytest.fixture
def redirect(valkey, tmp_path):
    with Redis.from_url(valkey.url) as client:
        client.config_set("rdbcompression", "no")
        link = Link(code="abc", target="https://example.com/", created_ms=1, updated_ms=1)
        client.set(link_key("abc"), encode(link))
        client.xgroup_create(STREAM, "analytics-group", "0", mkstream=True)
    directory = tmp_path / "redirect"
    settings = {"trusted_proxies": "127.0.0.1/32", "count_only": "gpc", "log_level": "DEBUG"}
    with RedirectServer(directory, valkey.url, **settings) as server:
        yield server


@pytest.fixture
def settings(valkey, talkative, make_settings, tmp_path):
    return make_settings(
        redis_url=valkey.url,
        # While its disk syncs, Redis may answer nobody.
        redis_timeout_seconds=30.0,
        clickhouse_url=talkative.url("hopline"),
        data_dir=tmp_path / "workers",
        spool_dir=tmp_path / "redirect" / "spool",
        consumers=1,
        insert_seconds=0.2,
        replay_horizon_seconds=1.0,
        log_level="DEBUG",
    )


def ask(redirect, chain: str, line: str = "GET /abc", more: str = "") -> bytes:
    text = (
        f"{line} HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: {HEARSAY}, {chain}\r\nUser-Agent: F/1\r\n"
    )
    return redirect.exchange(f"{text}{more}Connection: close\r\n\r\n".encode())


def visit(redirect, chain: str, more: str = "") -> None:
    """Visit a link; on a busy machine it may not be known at once."""
    wait_until(lambda: b" 302 " in ask(redirect, chain, more=more).partition(b"\r\n")[0])


def visit_in_all_ways(redirect, valkey, settings) -> int:
    """Have each address go through both lanes, refusals, the spool, and a dead letter."""
    with Redis.from_url(valkey.url) as client:
        for chain, address in SENT.items():
            visit(redirect, chain)
            visit(redirect, chain, "Sec-Purpose: prefetch\r\n")
            for line in ("GET /unknown", "POST /abc", "BREW /abc", "GET /abc x", "HEAD /abc"):
                ask(redirect, chain, line)
            ask(redirect, chain, more="Transfer-Encoding: nonsense\r\n")
            client.xadd(STREAM, {"short_code": "abc", "ip": address, "timestamp": "no time"})
        visit(redirect, UNFOLLOWED, "Sec-GPC: 1\r\n")
        before = client.xlen(STREAM)
        valkey.signal(signal.SIGSTOP)
        for chain in SENT:
            ask(redirect, chain)
        ask(redirect, UNFOLLOWED, more="Sec-GPC: 1\r\n")
        spool = settings.spool_dir
        wait_until(lambda: all(files_with(address, spool) for address in SENT.values()))
        assert files_with(UNFOLLOWED, spool) == files_with(HEARSAY, spool) == []
        valkey.signal(signal.SIGCONT)
        wait_until(lambda: client.xlen(STREAM) > before + len(SENT))
    return 3 * len(SENT) + 2


def write_files_anew(client: Redis) -> None:
    def begins(command: str) -> bool:
        try:
            return bool(client.execute_command(command))
        except ResponseError:
            return False  # another is under way

    for command, busy in (
        ("BGREWRITEAOF", "aof_rewrite_in_progress"),
        ("BGSAVE", "rdb_bgsave_in_progress"),
    ):
        wait_until(lambda command=command: begins(command))
        wait_until(lambda busy=busy: not client.info("persistence")[busy])


def hopline(settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    given = {name: getattr(settings, name) for name in settings.model_fields_set}
    done = subprocess.run(
        [Path(sys.executable).parent / "hopline", *arguments],
        env={**os.environ, **environ_of(**given)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize("kept", ["network", "full"])
def test_a_whole_address_is_where_the_table_says_and_goes_when_it_says(
    redirect, valkey, talkative, settings, tmp_path, kept
):
    settings = settings.model_copy(update={"store_addresses": kept})
    count = visit_in_all_ways(redirect, valkey, settings)
    elsewhere = [redirect.directory, settings.data_dir]
    if kept == "network":
        elsewhere.append(talkative.directory)
    log, backup, export = (tmp_path / name for name in ("workers.log", "backup", "clicks.ndjson"))
    with (
        Workers(settings, log),
        Redis.from_url(valkey.url) as client,
        connect(settings.clickhouse_url, timeout_seconds=60) as tables,
    ):
        wait_until(lambda: tables.execute("SELECT uniqExact(click_id) FROM clicks") == [(count,)])
        wait_until(lambda: client.xlen(DEAD) == len(SENT))
        wait_until(lambda: client.xlen(STREAM) == 0)
        # Redis has what the horizon has let go, in its file, and the dead letters. It writes there
        # in a moment: not while the last writes are on their way to the disk.
        wait_until(lambda: all(files_with(address, valkey.directory) for address in SENT.values()))
        said = [hopline(settings, *line).stdout for line in (("dead", "list"), ("audit",))]
        write_files_anew(client)
        wait_until(lambda: all(files_with(address, valkey.directory) for address in SENT.values()))
        said.append(hopline(settings, "dead", "purge", "--all", "--yes").stdout)
        hopline(settings, "backup", str(backup))
        hopline(settings, "export", "--all", "--to", str(export))
        write_files_anew(client)
        for address in ALL:
            wait_until(lambda address=address: files_with(address, valkey.directory) == [])
            assert files_with(address, *elsewhere, log) == []
            assert traces_in("".join(said).encode(), address) == []
        stored = tables_of(tables)
        assert b"INSERT INTO clicks" in stored, "its logs were looked into"
        is_stored = [bool(traces_in(stored, address)) for address in ALL]
        is_in_files = [bool(files_with(address, backup, export)) for address in ALL]
        expected = [kept == "full" and address in SENT.values() for address in ALL]
        assert is_stored == is_in_files == expected
        assert client.slowlog_get(128) == []
    assert " DEBUG " in redirect.log
