import os
from pathlib import Path

import pytest

from app.health.host import units
from app.health.host.units import UNITS, judge_unit, listening, masked_units, parse, units_checks

SERVICE = {
    "Id": "hopline-workers.service",
    "LoadState": "loaded",
    "ActiveState": "active",
    "SubState": "running",
    "UnitFileState": "enabled",
    "NeedDaemonReload": "no",
    "NRestarts": "0",
    "Result": "success",
    "ActiveEnterTimestamp": "@1790000100",
}
INSTALLED_AT = 1_790_000_000.0


@pytest.mark.parametrize(
    ("changed", "state", "said", "mend"),
    [
        ({}, "ok", "active (running)", ""),
        ({"ActiveState": "reloading", "SubState": "reload"}, "ok", "reloading (reload)", ""),
        ({"LoadState": "not-found"}, "fail", "is not-found", "install the units"),
        ({"LoadState": "masked"}, "ok", "not meant to run on this host", ""),
        ({"ActiveState": "inactive"}, "fail", "is stopped", "systemctl start"),
        (
            {"ActiveState": "failed", "Result": "watchdog"},
            "fail",
            "failed: watchdog",
            "journalctl -u hopline-workers.service",
        ),
        ({"ActiveState": "activating"}, "warn", "is activating", "systemctl status"),
        ({"NeedDaemonReload": "yes"}, "warn", "not read again", "systemctl daemon-reload"),
        ({"UnitFileState": "disabled"}, "warn", "not at the next boot", "systemctl enable"),
        ({"NRestarts": "4"}, "warn", "restarted 4 times", "journalctl"),
        (
            {"ActiveEnterTimestamp": "@1789999999"},
            "warn",
            "older version than installed",
            "systemctl restart",
        ),
    ],
)
def test_a_unit_is_judged_by_what_systemd_says(
    changed: dict[str, str], state: str, said: str, mend: str
) -> None:
    check = judge_unit(SERVICE | changed, INSTALLED_AT)
    assert check.state == state
    assert said in check.text
    assert mend in check.mend
    assert bool(check.mend) == (state != "ok")


def test_the_migration_is_well_when_it_has_ended() -> None:
    ended = SERVICE | {
        "Id": "hopline-migrate.service",
        "ActiveState": "inactive",
        "UnitFileState": "static",
        "ActiveEnterTimestamp": "",
    }
    assert judge_unit(ended, INSTALLED_AT).state == "ok"
    failed = {"ActiveState": "failed", "Result": "exit-code"}
    assert judge_unit(ended | failed, INSTALLED_AT).state == "fail"


def test_a_socket_may_be_older_than_the_version_that_it_serves() -> None:
    socket = SERVICE | {"Id": "hopline-redirect.socket", "ActiveEnterTimestamp": "@1"}
    del socket["NRestarts"]
    assert judge_unit(socket, INSTALLED_AT).state == "ok"


def test_blocks_of_properties_are_read() -> None:
    assert parse("Id=a\nResult=x=y\n\nId=b\n") == [{"Id": "a", "Result": "x=y"}, {"Id": "b"}]
    assert parse("") == []


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for systemctl that writes what stands in a file."""
    path = tmp_path / "systemctl"
    path.write_text(f"#!/bin/sh\ncat {tmp_path}/said\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return tmp_path / "said"


def blocks(**changed: str) -> str:
    shown = (SERVICE | {"Id": name} | changed for name in UNITS)
    return "\n\n".join("\n".join(f"{key}={value}" for key, value in one.items()) for one in shown)


def test_every_unit_gets_a_line(systemctl: Path, tmp_path: Path) -> None:
    systemctl.write_text(blocks())
    checks = list(units_checks(tmp_path / "current"))
    assert [check.name for check in checks] == list(UNITS)
    assert {check.state for check in checks} == {"ok"}


def test_where_the_redirects_sockets_listen_is_known(systemctl: Path) -> None:
    systemctl.write_text(
        "Listen=/run/hopline/redirect.sock (Stream)\nListen=127.0.0.1:8080 (Stream)\n"
    )
    assert listening() == ["/run/hopline/redirect.sock", "127.0.0.1:8080"]
    systemctl.write_text("")
    assert listening() == []


def test_what_is_masked_is_known(systemctl: Path) -> None:
    assert masked_units() == set()
    systemctl.write_text(blocks(LoadState="masked"))
    assert masked_units() == set(UNITS)
    systemctl.write_text(blocks())
    assert masked_units() == set()


def test_where_nothing_is_installed_nothing_is_said(systemctl: Path) -> None:
    systemctl.write_text(blocks(LoadState="not-found"))
    assert list(units_checks()) == []


def test_a_version_installed_since_is_noticed_by_its_link(systemctl: Path, tmp_path: Path) -> None:
    systemctl.write_text(blocks())
    (tmp_path / "current").symlink_to(tmp_path)
    states = {check.name: check.state for check in units_checks(tmp_path / "current")}
    assert states == dict.fromkeys(UNITS, "warn") | {"hopline-redirect.socket": "ok"}


def test_a_systemd_that_does_not_answer_is_told_of_and_ends_nothing(
    systemctl: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    systemctl.with_name("systemctl").write_text("#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr(units, "_TIMEOUT_SECONDS", 0.2)
    (check,) = units_checks()
    assert (check.name, check.state) == ("units", "warn")
    assert "doesn't answer" in check.text
    assert listening() == []
