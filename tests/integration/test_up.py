"""`hopline up` as a person meets it: a process, two ports and a folder."""

import json
import os
import signal
import socket
import stat
import subprocess

import psutil
import pytest

from app.processes.child import wait_for
from tests.support.up_process import HOPLINE, child


def test_a_click_is_redirected_and_counted_within_three_seconds(running):
    running.add_link("demo1")
    assert running.click("demo1") == 302
    assert running.comes_to("demo1", 1, 3)


def test_sigterm_stops_everything_and_the_clicks_are_there_again_afterwards(running):
    running.add_link("demo1")
    running.click("demo1")
    assert running.stop() == 0
    assert running.left_over() == []
    # What takes longer than it is given would be said to have been killed.
    assert running.text.endswith("stopping\nstopped\n")
    assert not (running.data_dir / "running.env").exists()
    running.restart()
    assert running.comes_to("demo1", 1)
    assert running.click("demo1") == 302


def test_it_goes_on_when_whoever_read_its_output_has_gone(up, country_database, shared_clickhouse):
    """As with `hopline up | head`, a closed terminal, a full disk under its log."""
    one = up()
    with subprocess.Popen(
        [HOPLINE, "up"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        env=one.environ,
    ) as process:
        try:
            assert any("is ready" in line for line in process.stdout)
            process.stdout.close()
            one.add_link("demo1")
            child(psutil.Process(process.pid), "hopline-redirect").kill()
            assert wait_for(lambda: answers(one, "demo1"), 60)
            process.terminate()
            assert process.wait(60) == 0
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("redirect", "hopline-redirect"),
        ("console", "hopline-console"),
        ("workers", "hopline: workers"),
        ("valkey", "valkey-server"),
        ("clickhouse", "clickhouse_host"),
    ],
)
def test_a_killed_child_comes_back_and_no_click_is_missing(lasting, name, words):
    lasting.add_link(name)
    assert wait_for(lambda: lasting.click(name) == 302, 60)
    lasting.child(words).kill()
    assert wait_for(lambda: lasting.says(f"{name} is back"), 60)
    assert lasting.says(f"{name} was killed by SIGKILL: starting it again")
    assert wait_for(lambda: answers(lasting, name), 60)
    assert lasting.comes_to(name, 2)


def answers(running, code):
    try:
        return running.click(code) == 302
    except OSError:
        return False


def test_a_killed_up_leaves_no_orphans_and_the_next_one_starts(running):
    running.add_link("demo1")
    running.stop(signal.SIGKILL)
    assert wait_for(lambda: not running.left_over(), 60)
    running.restart()
    assert running.click("demo1") == 302


def test_a_second_ctrl_c_kills_at_once(running):
    os.kill(running.child("hopline: workers").pid, signal.SIGSTOP)
    running.process.send_signal(signal.SIGINT)
    assert wait_for(lambda: running.says("stopping"), 60)
    assert running.stop(signal.SIGINT) == 0
    last_line = running.text.splitlines()[-1]
    assert "workers" in last_line
    assert last_line.endswith("had to be killed")
    assert running.left_over() == []


def test_a_second_up_on_the_same_folder_is_refused(lasting):
    second = lasting.run("up")
    assert second.returncode == 1
    assert second.stderr.startswith("hopline: hopline is already running on ")
    assert lasting.is_running


@pytest.mark.parametrize("service", ["REDIRECT", "CONSOLE", "REDIRECT_METRICS", "WORKERS_METRICS"])
def test_a_port_in_use_is_one_line_and_nothing_is_started(up, service):
    with socket.create_server(("127.0.0.1", 0)) as other:
        bind = f"127.0.0.1:{other.getsockname()[1]}"
        one = up(**{f"HOPLINE_{service}_BIND": bind})
        done = one.run("up")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"can't listen on {bind}: address already in use" in done.stderr
    assert f"HOPLINE_{service}_BIND" in done.stderr
    assert list((one.data_dir / "logs").iterdir()) == []


def test_the_operators_stores_are_used_when_they_are_set(up, redis_url, clickhouse_url):
    one = up(HOPLINE_REDIS_URL=redis_url, HOPLINE_CLICKHOUSE_URL=clickhouse_url)
    one.start().wait_until_ready()
    names = {" ".join(child.cmdline()) for child in one.process.children()}
    assert not any("valkey" in name or "clickhouse" in name for name in names)
    one.add_link("demo1")
    one.click("demo1")
    assert one.comes_to("demo1", 1)


def test_it_is_ready_on_the_oldest_redis_before_the_first_click(up, redis7_server):
    one = up(HOPLINE_REDIS_URL=redis7_server().url)
    one.start().wait_until_ready()
    one.add_link("demo1")
    one.click("demo1")
    assert one.comes_to("demo1", 1)


def test_a_store_that_is_away_is_one_line(up, free_port):
    done = up(HOPLINE_REDIS_URL=f"redis://127.0.0.1:{free_port()}").run("up")
    assert done.returncode == 1
    assert done.stderr.startswith("hopline: Redis at 127.0.0.1:")
    assert done.stderr.count("\n") == 1


def test_a_clickhouse_that_can_not_be_fetched_is_one_line_at_once(up, tmp_path):
    done = up(HOPLINE_CACHE_DIR=str(tmp_path / "empty"), PATH=str(tmp_path)).run("up")
    assert done.returncode == 1
    assert done.stderr.startswith("hopline: can't fetch ClickHouse")
    assert done.stderr.count("\n") == 1
    assert "countries" not in done.stdout


def test_a_bad_setting_is_wrong_usage(up):
    done = up(HOPLINE_BATCH_SIZE="many").run("up")
    assert done.returncode == 2
    assert "HOPLINE_BATCH_SIZE='many'" in done.stderr


def test_the_demo_shows_a_month_of_clicks_of_several_countries(
    up, country_database, shared_clickhouse
):
    one = up().start("--demo").wait_until_ready()

    def counted():
        return json.loads(one.run("stats", "launch", "--json").stdout)

    assert wait_for(lambda: (one.clicks("launch") or 0) > 1_000, 60)
    assert wait_for(lambda: len([day for day in counted()["timeline"] if day["clicks"]]) > 28, 60)
    assert len(counted()["by"]["country"]["top"]) > 1


def test_nobody_else_can_look_into_what_it_keeps(up, country_database, shared_clickhouse):
    one = up()
    for name in ("logs/redirect.log", "spool/spool.db.damaged-1", "clickhouse/old.bin"):
        left = one.data_dir / name
        left.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        left.touch(mode=0o644)
    one.data_dir.chmod(0o755)
    one.start().wait_until_ready()
    one.add_link("demo1")
    one.click("demo1")
    assert one.comes_to("demo1", 1)
    one.child("valkey").suspend()
    one.click("demo1")
    assert (one.data_dir / "spool" / "spool.db").exists()
    one.child("valkey").resume()
    assert one.comes_to("demo1", 2)
    found = [path for path in (one.data_dir, *one.data_dir.rglob("*")) if not path.is_symlink()]
    assert [str(path) for path in found if stat.S_IMODE(path.stat().st_mode) & 0o077] == []
