import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.clicks.click import new_click_id
from app.schema.migrations import migrate
from app.stores.clickhouse.driver import errors
from tests.support.producers import make_click
from tests.support.servers import ClickHouseServer
from tests.support.workers.replay_world import World, write_countries

CLICKS = 6_000


@pytest.fixture
def world(make_settings, redis_url, migrated_url, monkeypatch):
    monkeypatch.setenv("HOPLINE_CLICKHOUSE_URL", migrated_url)
    made = World(make_settings(redis_url=redis_url, clickhouse_url=migrated_url))
    yield made
    made.close()


@pytest.fixture
def countries(tmp_path, monkeypatch):
    """An older country database; the settings name today's."""
    monkeypatch.setenv(
        "HOPLINE_GEOIP_PATH", str(write_countries(tmp_path / "new.mmdb", FR="192.0.2.0/24"))
    )
    return write_countries(tmp_path / "old.mmdb", DE="192.0.2.0/24")


def test_a_replay_says_what_it_did_and_what_changed(world, countries, hopline):
    world.process(*(make_click() for _ in range(30)), geoip_path=countries)
    ended = hopline("replay", "--since", "1h")
    assert (ended.exit_code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        "CLICKS\tWHAT",
        "30\tread",
        "30\tprocessed again",
        "30\tgot another country",
        "",
        "COLUMN\tCLICKS\tOLD\tNEW",
        "country\t30\tDE\tFR",
    ]
    assert set(world.rows("country")) == {("FR",)}


def test_a_dry_run_as_json(world, countries, hopline):
    world.process(*(make_click() for _ in range(30)), geoip_path=countries)
    shown = json.loads(hopline("replay", "--since", "1h", "--dry-run", "--json").out)
    assert (shown["dry_run"], shown["resumed"]) == (True, False)
    assert shown["clicks"]["replaced"] == shown["changed"]["country"] == 30
    assert shown["changes"] == {
        "country": {
            "clicks": 30,
            "exact": True,
            "top": [{"old": "DE", "new": "FR", "clicks": 30}],
            "others": 0,
        }
    }
    assert set(world.rows("country")) == {("DE",)}


def test_changes_past_the_top_are_others(world, hopline):
    hosts = ["a.example"] * 3 + ["b.example"] * 2 + ["c.example"]
    world.process(*(make_click(referer=f"https://{host}/") for host in hosts))
    world.clickhouse.execute(
        "ALTER TABLE clicks UPDATE referrer_host = 'old\\t' WHERE 1 SETTINGS mutations_sync = 1"
    )
    ended = hopline("replay", "--since", "1h", "--dry-run", "--top", "1")
    assert ended.out.splitlines()[-2:] == [
        "referrer_host\t3\told\N{REPLACEMENT CHARACTER}\ta.example",
        "referrer_host\t3\tothers\tothers",
    ]
    assert "6\twould get another referrer_host" in ended.out


def test_only_the_clicks_of_the_time_are_replayed(world, countries, hopline):
    now_ms = int(time.time() * 1000)
    clicks = [
        make_click(
            click_id=new_click_id(now_ms - hours * 3_600_000, bytes([hours]) * 10),
            timestamp=now_ms // 1000 - hours * 3600,
        )
        for hours in (1, 3, 5)
    ]
    world.process(*clicks, geoip_path=countries)
    world.forget_stream()
    assert hopline("replay", "--since", "4h", "--until", "2h").exit_code == 0
    assert world.rows("country") == [("DE",), ("FR",), ("DE",)]


def test_an_entry_id_is_a_point_too(world, countries, hopline):
    world.process(*(make_click() for _ in range(5)), geoip_path=countries)
    ids = [entry_id.decode() for entry_id, _ in world.redis.xrange(world.settings.stream)]
    # By time, the table would know these clicks as well.
    world.clickhouse.execute("TRUNCATE TABLE clicks")
    shown = hopline("replay", "--since", ids[1], "--until", ids[4], "--json")
    assert json.loads(shown.out)["clicks"]["restored"] == 3


@pytest.mark.parametrize(
    "arguments",
    [["--since", "soon"], ["--since", "1h", "--until", "2h"], ["--since", "1h", "--until", "x"]],
)
def test_wrong_usage_ends_with_2(hopline, arguments):
    ended = hopline("replay", *arguments)
    assert (ended.exit_code, ended.out) == (2, "")
    assert ended.err.startswith("hopline: ")


def test_without_a_group_it_fails(hopline):
    ended = hopline("replay", "--since", "1h")
    assert ended.exit_code == 1
    assert "has no group" in ended.err


def test_a_replay_that_was_killed_goes_on_and_changes_no_count(
    make_settings, redis_url, clickhouse_server, countries, hopline, tmp_path, monkeypatch
):
    server = clickhouse_server()
    url = server.url("hopline")
    migrate(url, timeout_seconds=30, ttl_days=0)
    monkeypatch.setenv("HOPLINE_CLICKHOUSE_URL", url)
    world = World(make_settings(redis_url=redis_url, clickhouse_url=url))
    world.process(*(make_click() for _ in range(CLICKS)), geoip_path=countries)
    world.redis.xtrim(world.settings.stream, maxlen=CLICKS // 2, approximate=False)
    before = world.figures()
    assert _kill_replays(world, server, tmp_path) > 1
    assert world.figures() == before
    ended = hopline("replay", "--since", "1h", "--json")
    assert json.loads(ended.out)["resumed"] is True
    assert "had been stopped" in ended.err
    assert world.figures() == before
    assert set(world.rows("country")) == {("FR",)}
    assert list((tmp_path / "replay").glob("*.json")) == []
    world.close()


def test_two_at_once_are_refused(world, tmp_path, hopline):
    (tmp_path / "replay").mkdir()
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(tmp_path / "replay" / "lock")], stdout=subprocess.PIPE
    )
    assert holder.stdout.readline()
    ended = hopline("replay", "--since", "1h")
    holder.kill()
    holder.wait()
    holder.stdout.close()
    assert (ended.exit_code, ended.err) == (
        1,
        "hopline: another replay is running on this machine\n",
    )


_HOLDER = """
import fcntl, sys, time
with open(sys.argv[1], "ab") as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    print("held", flush=True)
    time.sleep(60)
"""
#: In small pieces, so that there is time to kill it.
_SMALL = """
import sys
from app.cli.main import main
import workers.replay.stream_pass, workers.replay.table_pass
workers.replay.stream_pass._ENTRIES = workers.replay.table_pass._ROWS = 100
sys.argv = ["hopline", "replay", "--since", "1h"]
main()
"""


def _start(world: World, data_dir: Path) -> "subprocess.Popen[bytes]":
    environment = {
        **os.environ,
        "HOPLINE_REDIS_URL": world.settings.redis_url,
        "HOPLINE_DATA_DIR": str(data_dir),
    }
    return subprocess.Popen(
        [sys.executable, "-c", _SMALL], env=environment, stdout=subprocess.DEVNULL
    )


def _kill_replays(world: World, server: ClickHouseServer, data_dir: Path) -> int:
    """Kill one replay after the other at growing distances; return how many were not done yet."""
    killed = 0
    for moment in range(1, 6):
        child = _start(world, data_dir)
        goal = moment * CLICKS // 7
        _wait_for(lambda: child.poll() is not None or _counted(data_dir / "replay") >= goal)  # noqa: B023
        killed += child.poll() is None
        child.kill()
        child.wait()
        # The embedded server may abort because of it, at any moment: better now.
        server.kill()
        _wait_for(lambda: _answers(world, server))
    return killed


def _answers(world: World, server: ClickHouseServer) -> bool:
    server.ensure_running()
    try:
        return bool(world.figures())
    except (errors.NetworkError, errors.SocketTimeoutError, OSError, EOFError):
        return False


def _counted(folder: Path) -> int:
    for path in folder.glob("*.json"):
        return int(json.loads(path.read_bytes())["counts"].get("read", 0))
    return 0


def _wait_for(condition, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("since", ["2099-01-01", "99999999999999-0", "18446744073709551615-1"])
def test_a_replay_of_what_is_yet_to_come_is_wrong_usage(hopline, since):
    ended = hopline("replay", "--since", since)
    assert (ended.exit_code, ended.err) == (2, f"hopline: --since: {since!r} is yet to come\n")


@pytest.mark.parametrize(
    "command", [("audit",), ("stats", "demo1"), ("dead", "list"), ("erase", "--code", "x", "--yes")]
)
def test_nothing_has_happened_since_a_time_that_is_yet_to_come(hopline, command):
    ended = hopline(*command, "--since", "2099-01-01")
    assert (ended.exit_code, ended.out) == (2, "")
    assert "--since: '2099-01-01' is yet to come" in ended.err
