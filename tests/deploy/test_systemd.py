"""The installed package under real systemd: `make test-systemd` runs this and the next file alone.

The tests follow each other on one machine, as its operator's days would.
"""

import json
import time

import pytest

from app.health.host.units import UNITS
from tests.support.deploy import packages
from tests.support.deploy.container import wait_until
from tests.support.deploy.host import (
    ASKED,
    CODE,
    HANG_SECONDS,
    NAMES,
    REDIRECT,
    SERVICES,
    answers,
    click,
    clicks,
    seconds_until_it_answers,
    status,
    wait_until_active,
    wait_until_counted,
    wait_until_replaced,
    while_visited,
    write_passwords,
)
from tests.support.deploy.load import CALM_SECONDS

pytestmark = pytest.mark.timeout(300)

TARGET = "https://example.com/a?b=c"

MARKER = "/tmp/of-the-host"


def test_it_installs_without_a_network_and_everything_starts(machine, package_before, figures):
    write_passwords(machine)
    began = time.monotonic()
    machine.run("dpkg", "--install", str(packages.seen_there(package_before)))
    wait_until_active(machine)
    figures.add("install", seconds=time.monotonic() - began)
    assert machine.run("hopline", "--version").strip() == f"hopline {packages.BEFORE}"
    assert machine.run("systemd-analyze", "verify", "hopline.target", *SERVICES) == ""


def test_the_socket_starts_the_service_for_the_first_visitor(machine, figures):
    for code in (CODE, ASKED):
        machine.run("hopline", "links", "add", TARGET, "--code", code)
    machine.run("systemctl", "stop", REDIRECT)
    began = time.monotonic()
    unix = ("--unix-socket", "/run/hopline/redirect.sock", f"http://localhost/{CODE}")
    assert status(machine, *unix) == "302"
    figures.add("first visitor starts the service", seconds=time.monotonic() - began)
    assert click(machine, CODE) == "302"
    wait_until_counted(machine, 2)


def test_the_doctor_finds_the_installed_host_well(machine):
    checks = json.loads(machine.run("hopline", "doctor", "--json"))["checks"]
    found = {check["name"]: check["state"] for check in checks}
    for name in (*UNITS, "environment file", "credentials", "kernel backlog"):
        assert found[name] == "ok", checks
    assert {"kernel overcommit", "kernel huge pages", "redis", "clickhouse"} <= found.keys()


def test_root_can_ask_for_the_books_and_the_consumers(machine):
    books = json.loads(machine.run("hopline", "audit", "--json"))
    assert books["total"]["accepted"] == books["total"]["inserted"] == 2
    [ours] = json.loads(machine.run("hopline", "workers", "status", "--json"))["workers"]
    assert ours["state"] == "running"
    assert {one["state"] for one in ours["consumers"]} <= {"reading", "working"}


@pytest.mark.parametrize("port", [9180, 9181, 8081])
def test_metrics_answer_on_loopback(machine, port):
    shown = machine.run("curl", "--silent", "--fail", f"http://127.0.0.1:{port}/-/metrics")
    assert "\nhopline_" in shown


@pytest.mark.parametrize("service", SERVICES)
def test_a_killed_service_comes_back(machine, figures, service):
    before = machine.main_pid(service)
    began = time.monotonic()
    machine.run("kill", "-KILL", str(before))
    wait_until_replaced(machine, service, before)
    took = seconds_until_it_answers(machine, service, began)
    figures.add(f"kill -9 {service}", back_after_seconds=took)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_that_ended_well_comes_back_too(machine, service):
    before = machine.main_pid(service)
    machine.run("kill", "-TERM", str(before))
    wait_until_replaced(machine, service, before)
    # One that is stopped while it still starts is under no watchdog yet.
    wait_until(lambda: answers(machine, service), HANG_SECONDS)


@pytest.mark.parametrize("service", SERVICES)
def test_a_killed_child_is_replaced_and_the_others_go_on(machine, service):
    """As the kernel kills one for want of memory, after which OOMPolicy= lets the others be."""
    main = machine.main_pid(service)
    *others, last = children(machine, main)
    machine.run("kill", "-KILL", last)
    wait_until(lambda: last not in children(machine, main) != others, 60)
    assert set(others) <= set(children(machine, main))
    assert machine.main_pid(service) == main


def children(machine, pid):
    """Return the numbers of a process' children; the last is one that does its work."""
    return machine.run("pgrep", "--parent", str(pid), check=False).split()


def test_hung_services_are_restarted_by_the_watchdog(machine, figures):
    before = {service: machine.main_pid(service) for service in SERVICES}
    began = time.monotonic()
    for pid in before.values():
        machine.run("kill", "-STOP", str(pid))
    for service, pid in before.items():
        wait_until_replaced(machine, service, pid)
        took = seconds_until_it_answers(machine, service, began)
        figures.add(f"hang {service}", back_after_seconds=took)
        assert "Watchdog timeout" in machine.journal(service)


def test_a_restart_fails_no_request(machine, visitors, figures):
    restart = ("systemctl", "restart", *SERVICES)
    run = while_visited(machine, visitors, lambda: machine.run(*restart))
    figures.add_run("systemctl restart", run)
    assert run.errors == 0


def test_an_upgrade_fails_no_request(machine, package, visitors, figures):
    install = ("dpkg", "--install", str(packages.seen_there(package)))
    before = {service: machine.main_pid(service) for service in SERVICES}
    run = while_visited(machine, visitors, lambda: machine.run(*install))
    figures.add_run("upgrade of the package", run)
    assert run.errors == 0
    for service, pid in before.items():
        assert machine.main_pid(service) not in (0, pid)
    assert machine.run("hopline", "--version").strip() != f"hopline {packages.BEFORE}"


def test_a_stop_loses_no_click(machine, visitors, figures):
    before = clicks(machine)
    with visitors.visiting() as visits:
        time.sleep(CALM_SECONDS)
        began = time.monotonic()
        machine.run("systemctl", "stop", "hopline.target", *SERVICES)
        took = time.monotonic() - began
    assert visits.run.redirected > 0
    for service in SERVICES:
        assert machine.show(service, "Result") == "success", machine.journal(service)[-3000:]
    machine.run("systemctl", "start", "hopline.target")
    wait_until_counted(machine, before + visits.run.redirected)
    lost = before + visits.run.redirected - clicks(machine)
    figures.add("stop", seconds=took, answered=visits.run.redirected, clicks_lost=lost)


def test_all_is_back_after_a_reboot(machine, figures):
    before = clicks(machine)
    began = time.monotonic()
    machine.reboot()
    for service in SERVICES:
        wait_until(lambda service=service: answers(machine, service), 60)
    figures.add("reboot", all_back_after_seconds=time.monotonic() - began)
    assert json.loads(machine.run("hopline", "links", "show", CODE, "--json"))["target"] == TARGET
    assert click(machine, CODE) == "302"
    wait_until_counted(machine, before + 1)


@pytest.mark.parametrize("service", SERVICES)
def test_the_sandbox_holds_from_inside(machine, figures, service):
    name = service.removeprefix("hopline-").removesuffix(".service")
    siblings = [one for one in NAMES if one != name]
    machine.write(MARKER, "of the host")
    machine.write(
        "/srv/probe.py", (packages.REPOSITORY / "tests/support/deploy/probe.py").read_text()
    )
    # In the place of the service, which then takes its place.
    probe = f"/opt/hopline/current/bin/python /srv/probe.py {' '.join(siblings)}"
    start = f"/bin/sh -c '{probe}; exec /opt/hopline/current/bin/hopline {name}'"
    drop_in = f"/run/systemd/system/{service}.d"
    machine.write(f"{drop_in}/probe.conf", f"[Service]\nExecStart=\nExecStart={start}\n")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", service)
    lines = machine.run("journalctl", "--output=cat", "--unit", service).splitlines()
    outcomes = json.loads(next(line for line in lines if line.startswith('{"probe"')))["probe"]
    allowed = {what for what, ended in outcomes.items() if ended == "done"}
    assert allowed == {what for what in outcomes if what.startswith("may ")}, outcomes
    figures.add(f"sandbox of {name}", refused=len(outcomes) - len(allowed), allowed=len(allowed))
    machine.run("rm", "-r", drop_in)


def test_a_purge_leaves_nothing_behind(machine, figures):
    machine.run("dpkg", "--purge", "hopline")
    for path in ("/opt/hopline", "/etc/hopline", "/var/lib/hopline", "/usr/bin/hopline"):
        assert not machine.exists(path), path
    units = machine.run("systemctl", "list-units", "--all", "--no-legend", "hopline*")
    assert units.strip() == ""
    assert click(machine) == "000"


@pytest.fixture(scope="module")
def install(machine, package_before, package):
    """Run install.sh from a wheelhouse, of the version before or of this one."""
    wheels = {}
    for name, built in (("before", package_before), ("now", package)):
        packages.wheelhouse(built, built.parent)
        wheels[name] = str(packages.seen_there(built).parent / "usr/share/hopline/wheels")

    def run(*arguments, version=""):
        options = ("--wheelhouse", wheels[version]) if version else ()
        return machine.run("/srv/deploy/install.sh", *options, *arguments)

    return run


def versions(machine):
    """Return the versions that are built, the one in use first."""
    listed = machine.run("/srv/deploy/install.sh", "list").splitlines()
    return [line[2:] for line in sorted(listed, key=lambda line: not line.startswith("*"))]


def test_install_sh_does_the_same_without_a_package(machine, install):
    write_passwords(machine)
    install(version="before")
    wait_until_active(machine)
    before = [machine.main_pid(service) for service in SERVICES]
    assert "is in use already" in install(version="before")
    assert [machine.main_pid(service) for service in SERVICES] == before
    assert versions(machine) == [packages.BEFORE]


def test_install_sh_goes_on_where_it_was_cut_off(machine, install):
    before = machine.main_pid(REDIRECT)
    machine.write("/opt/hopline/.owed", "restart\n")
    install(version="before")
    assert machine.main_pid(REDIRECT) != before
    assert not machine.exists("/opt/hopline/.owed")


def test_install_sh_upgrades_and_rolls_back_without_a_failed_request(
    machine, install, visitors, figures
):
    write_passwords(machine)
    with visitors.visiting() as visits:
        time.sleep(CALM_SECONDS)
        install(version="now")
        upgraded = versions(machine)
        install("rollback")
        time.sleep(CALM_SECONDS)
    assert versions(machine) == list(reversed(upgraded))
    assert machine.run("hopline", "--version").strip() == f"hopline {packages.BEFORE}"
    figures.add_run("install.sh: upgrade and roll back", visits.run)
    assert visits.run.errors == 0


def test_install_sh_removes_what_it_installed_and_keeps_settings_until_told(machine, install):
    install("remove")
    assert not machine.exists("/opt/hopline")
    assert machine.exists("/etc/hopline/hopline.env")
    install("--purge", "remove")
    assert not machine.exists("/etc/hopline")
    assert not machine.exists("/var/lib/hopline")
    assert machine.run("find", "/etc/systemd", "-name", "hopline*").strip() == ""
