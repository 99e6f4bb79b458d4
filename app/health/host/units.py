"""Checks that ask systemd for Hopline's units: loaded, enabled, up, and of this version."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from app.health.check import Check, fail, ok, warn

#: Started by hopline.target, the order in which they are told of.
UNITS = (
    "hopline-redirect.socket",
    "hopline-redirect.service",
    "hopline-console.service",
    "hopline-workers.service",
    "hopline-migrate.service",
)
#: Where the installed version's folder is linked from.
CURRENT = Path("/opt/hopline/current")
#: Ends by itself when it has done its part.
#: `systemctl mask`: nothing may start it.
_MASKED = "masked"
_ONESHOT = "hopline-migrate.service"
_PROPERTIES = (
    "Id",
    "LoadState",
    "ActiveState",
    "SubState",
    "UnitFileState",
    "NeedDaemonReload",
    "NRestarts",
    "Result",
    "ActiveEnterTimestamp",
)
_LISTEN = re.compile(r"^Listen=(\S+) \(Stream\)$", re.MULTILINE)
#: Longest wait for systemd.
_TIMEOUT_SECONDS = 10.0

Properties = Mapping[str, str]


def units_checks(current: Path = CURRENT) -> Iterator[Check]:
    """Yield the findings about each unit; nothing where none is installed."""
    told = _show(",".join(_PROPERTIES), UNITS)
    if told is None:
        text = f"systemd doesn't answer within {_TIMEOUT_SECONDS:.0f} s"
        yield warn("units", text, "systemctl status; what it runs goes on meanwhile")
        return
    units = parse(told)
    if all(unit["LoadState"] in ("not-found", _MASKED) for unit in units):
        return
    installed_at = current.lstat().st_mtime if current.is_symlink() else 0.0
    for unit in units:
        yield judge_unit(unit, installed_at)


def listening() -> list[str]:
    """Return where the sockets of the redirect listen that systemd holds; none without it."""
    return _LISTEN.findall(_show("Listen", UNITS[:1]) or "")


def masked_units() -> set[str]:
    """Return the units that somebody has masked, as what shall not run on this host."""
    told = parse(_show("Id,LoadState", UNITS) or "")
    return {unit["Id"] for unit in told if unit.get("LoadState") == _MASKED}


def judge_unit(unit: Properties, installed_at: float) -> Check:
    """Judge what systemd says of a unit.

    Args:
        installed_at: Unix seconds at which the current version was installed.
    """
    name = unit["Id"]
    if unit["LoadState"] == _MASKED:
        return ok(name, "masked: not meant to run on this host")
    if unit["LoadState"] != "loaded":
        return fail(name, f"is {unit['LoadState']}", "install the units of this version again")
    if name == _ONESHOT and unit["ActiveState"] == "inactive" and unit["Result"] == "success":
        return ok(name, "done")
    if unit["ActiveState"] not in ("active", "reloading"):
        return _judge_stopped(unit)
    return _judge_running(unit, installed_at)


def parse(text: str) -> list[dict[str, str]]:
    """Read what `systemctl show` wrote: blocks of ``name=value``, empty lines between them."""
    blocks = (block.splitlines() for block in text.strip().split("\n\n") if block.strip())
    return [dict(line.partition("=")[::2] for line in block) for block in blocks]


def _judge_stopped(unit: Properties) -> Check:
    name = unit["Id"]
    if unit["ActiveState"] == "failed":
        return fail(name, f"failed: {unit['Result']}", f"journalctl -u {name} -n 50")
    if unit["ActiveState"] == "inactive":
        return fail(name, "is stopped", f"systemctl start {name}")
    return warn(name, f"is {unit['ActiveState']}", f"systemctl status {name}")


def _judge_running(unit: Properties, installed_at: float) -> Check:
    name, text = unit["Id"], f"{unit['ActiveState']} ({unit['SubState']})"
    if unit["NeedDaemonReload"] == "yes":
        return warn(name, "its file was changed and not read again", "systemctl daemon-reload")
    if unit["UnitFileState"] == "disabled":
        return warn(name, f"{text}, not at the next boot", f"systemctl enable {name}")
    if name.endswith(".service") and _unix(unit["ActiveEnterTimestamp"]) < installed_at:
        return warn(name, "runs an older version than installed", f"systemctl restart {name}")
    if restarts := int(unit.get("NRestarts") or 0):
        text = f"{text}, restarted {restarts} times by systemd"
        return warn(name, text, f"journalctl -u {name}: why did it die?")
    return ok(name, text)


def _unix(timestamp: str) -> float:
    """Return the seconds of ``@1790000000``; never began is 0."""
    return float(timestamp.removeprefix("@") or 0)


def _show(names: str, units: Sequence[str]) -> str | None:
    """Return what systemd says, nothing where it isn't; None if it doesn't answer in time."""
    systemctl = shutil.which("systemctl")
    if systemctl is None:
        return ""
    properties = [f"--property={names}", "--timestamp=unix"]
    # Its exit code says nothing of its own: without systemd it writes nothing.
    try:
        return subprocess.run(
            [systemctl, "show", *properties, *units],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        ).stdout
    except subprocess.TimeoutExpired:
        return None
