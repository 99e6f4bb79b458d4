"""The units for Redis and Sentinel: judged by systemd, and run under one."""

import re
import shutil
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.deploy.test_units import MOST_EXPOSURE
from tests.support.deploy.container import Container, wait_until
from tests.support.deploy.stores import only_users

FOLDER = Path(__file__).parents[2] / "deploy" / "redis"
PASSWORD = "for-tests-only"
UNITS = (FOLDER / "redis-sentinel.service", *(FOLDER / "redis-server.service.d").iterdir())
#: Debian's, which our drop-ins go onto.
REDIS_UNIT = Path("/lib/systemd/system/redis-server.service")


@pytest.fixture
def units(tmp_path):
    """A folder with Sentinel's unit, and Debian's of Redis with our drop-ins on it."""
    REDIS_UNIT.exists() or missing("redis-server")
    shutil.copy(REDIS_UNIT, tmp_path)
    shutil.copytree(FOLDER / "redis-server.service.d", tmp_path / "redis-server.service.d")
    shutil.copy(FOLDER / "redis-sentinel.service", tmp_path)
    return tmp_path


@pytest.mark.parametrize("unit", ["redis-server.service", "redis-sentinel.service"])
def test_systemd_finds_nothing_wrong_and_little_exposed(analyze, units, unit):
    verified = analyze(units / unit, "verify", "--man=no")
    assert [line for line in verified.stderr.splitlines() if "redis" in line] == []
    judged = analyze(units / unit, "security", "--offline=yes", "--no-pager")
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", judged.stdout)
    assert float(exposure[1]) <= MOST_EXPOSURE


@pytest.fixture(scope="module")
def machine(tmp_path_factory, as_root):
    """A machine whose Redis and Sentinel are set up as deploy/README.md says."""
    for program in ("systemd-nspawn", "unshare", "nsenter", "redis-server"):
        shutil.which(program) or missing(program)
    with Container(tmp_path_factory.mktemp("machine") / "mounts", {}) as container:
        for path in FOLDER.rglob("*"):
            if path.is_file():
                _install(container, path)
        users = "".join(only_users(_as_set(path)) for path in sorted(FOLDER.glob("*users.conf")))
        container.write("/etc/redis/hopline-users.acl", users)
        container.run("chown", "-R", "redis:redis", "/etc/redis")
        container.run("systemctl", "daemon-reload")
        container.run("systemctl", "start", "redis-server", "redis-sentinel", seconds=60)
        yield container


def _install(container, path):
    name = str(path.relative_to(FOLDER))
    if path in UNITS:
        container.write(f"/etc/systemd/system/{name}", path.read_text())
    elif not name.endswith("users.conf"):
        container.write(f"/etc/redis/{name}", _as_set(path))


def _as_set(path):
    text = re.sub(r"CHANGE-ME-[\w-]+", PASSWORD, path.read_text())
    return text.replace("10.0.0.1 127.0.0.1", "127.0.0.1").replace("10.0.0.1", "127.0.0.1")


def ask(machine, port, *command):
    login = ("--user", "operator", "--pass", PASSWORD, "--no-auth-warning")
    return machine.run("redis-cli", "-p", str(port), *login, *command).strip()


def test_both_run_in_their_sandbox(machine):
    for unit in ("redis-server", "redis-sentinel"):
        assert machine.show(unit, "SubState") == "running", machine.journal(unit)
    assert ask(machine, 6379, "CONFIG", "GET", "min-replicas-to-write").split()[-1] == "1"
    wait_until(lambda: "flags\nmaster\n" in ask(machine, 26379, "SENTINEL", "MASTER", "mymaster"))


def test_both_can_write_what_they_have_learnt(machine):
    assert ask(machine, 6379, "CONFIG", "REWRITE") == "OK"
    assert ask(machine, 26379, "SENTINEL", "FLUSHCONFIG") == "OK"
    assert "sentinel myid" in machine.run("cat", "/etc/redis/sentinel.conf")


def test_a_change_of_our_file_goes_before_what_redis_has_written(machine):
    ask(machine, 6379, "CONFIG", "REWRITE")
    at = "/etc/redis/hopline-replication.conf"
    machine.run("sed", "-i", "s/^repl-backlog-size .*/repl-backlog-size 64mb/", at)
    machine.run("systemctl", "restart", "redis-server")
    assert ask(machine, 6379, "CONFIG", "GET", "repl-backlog-size").split()[-1] == str(64 << 20)


def test_a_killed_one_is_there_again_at_once(machine):
    for unit in ("redis-server", "redis-sentinel"):
        before = machine.main_pid(unit)
        machine.run("systemctl", "kill", "--signal=KILL", unit)
        wait_until(lambda unit=unit, before=before: machine.main_pid(unit) not in (0, before))
        wait_until(lambda unit=unit: machine.show(unit, "SubState") == "running")
