"""Checks that look at this machine: services that answer, room on disk, databases of places."""

import os
import re
import shutil
import socket
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.health.check import Check, fail, ok, warn

_MIB = 1 << 20
_LEAST_FREE_BYTES = 256 * _MIB
_REFUSED = re.compile(rb'"redis":"(refuses: (?:[^"\\]|\\.)*)"')
_GEOIP_VARIABLE = "HOPLINE_GEOIP_PATH"
#: As the alert HoplinePlacesOld has it.
_GEOIP_OLD = timedelta(days=90)


def judge_service(name: str, bind: str, status: int, *, is_ours: bool, body: bytes = b"") -> Check:
    """Judge what a service answered to GET /-/ready, 0 for nothing, less for no HTTP.

    Args:
        body: the answer's, in which a redirect that is ready all the same says what Redis refuses.
        is_ours: whether it works on the same Redis and stream as we do.
    """
    if status in (200, 503) and not is_ours:
        text = f"at {bind} a service answers that is no part of this installation"
        return fail(name, text, f"stop it, or give HOPLINE_{name.upper()}_BIND another port")
    if status == 200:
        refused = _REFUSED.search(body)
        if refused:
            text = f"ready at {bind}, but clicks go to its spool: Redis {refused[1].decode()}"
            return fail(name, text, "see the rights of its user, and the findings about Redis")
        return ok(name, f"ready at {bind}")
    if status == 503:
        return fail(name, f"{bind} answers, but is not ready", "its log says which part is away")
    if status:
        told = f"status {status} for /-/ready" if status > 0 else "it speaks no HTTP, or hangs up"
        text = f"something else answers at {bind}: {told}"
        return fail(name, text, f"stop it, or give HOPLINE_{name.upper()}_BIND another port")
    return fail(name, f"nothing answers at {bind}", f"start it: `hopline {name}`")


def judge_disk(name: str, path: Path, free_bytes: int, wanted_bytes: int) -> Check:
    """Judge the room on a folder's disk against what the folder may come to hold."""
    text = f"{free_bytes // _MIB:,} MiB free at {path}"
    if free_bytes < _LEAST_FREE_BYTES:
        return fail(name, text, "make room")
    if free_bytes < wanted_bytes:
        return warn(name, f"{text}, {wanted_bytes // _MIB:,} may be needed", "make room")
    return ok(name, text)


def disk_check(name: str, folder: Path, wanted_bytes: int) -> Check:
    """Look at the disk of a folder, which may have still to be made."""
    path = next(path for path in (folder, *folder.absolute().parents) if _is_seen(path))
    if not os.access(path, os.W_OK | os.X_OK, effective_ids=True):
        return fail(name, f"{path} can't be written", "change its owner or its mode")
    return judge_disk(name, folder, shutil.disk_usage(path).free, wanted_bytes)


def _is_seen(path: Path) -> bool:
    try:
        path.stat()
    except OSError:
        return False  # it isn't there, or in a folder that is closed to us
    return True


def judge_spool(directory: Path, waiting: int, lost: int = 0) -> Check:
    """Judge how many clicks wait in the spool of this host, and went with one before it."""
    if lost:
        text = f"{directory} was deleted while no redirect worker ran, and {lost:,} clicks with it"
        mend = (
            "put it back, if somebody has it, and restart the redirect; then, or if it was meant,"
            f" rm {directory}.waiting"
        )
        return fail("spool", text, mend)
    if not waiting:
        return ok("spool", f"no click waits in {directory}")
    text = f"{waiting:,} clicks wait in {directory} until Redis takes them"
    mend = "normal for a moment; else see the findings about Redis, and the redirect's log"
    return warn("spool", text, mend)


def judge_sqlite(version: tuple[int, ...]) -> Check:
    """Name the SQLite that keeps the spool, and whether it has to be spared a known fault."""
    text = ".".join(map(str, version))
    # https://sqlite.org/wal.html#walresetbug
    if (3, 7, 0) <= version < (3, 51, 3):
        text += ", whose log two connections must not reset at once: the spool has one do it"
    return ok("sqlite", text)


def geoip_check(paths: Sequence[Path], now: datetime) -> Check:
    """Look at the databases of places: whether they can be read, and how old they are."""
    if not paths:
        mend = f"set {_GEOIP_VARIABLE} to a country database (.mmdb)"
        return warn("geoip", "without a database, countries are unknown", mend)
    made = {}
    for path in paths:
        try:
            made[path] = made_at(path)
        # Numbers of a damaged file may be of any size.
        except Exception as error:  # noqa: BLE001
            mend = f"put a whole one there, or set {_GEOIP_VARIABLE} to another"
            return fail("geoip", f"{path} can't be read: {error}", mend)
    text = ", ".join(f"{path.name} of {day:%Y-%m-%d}" for path, day in made.items())
    if now - min(made.values()) > _GEOIP_OLD:
        text += f": addresses move, and after {_GEOIP_OLD.days} days too many have"
        return warn("geoip", text, "download a newer one over it; workers take it by themselves")
    return ok("geoip", text)


def made_at(path: Path) -> datetime:
    """Return when a database of places was made; raises whatever a damaged file leads to."""
    import maxminddb  # noqa: PLC0415 - what asks for other checks needs no reader

    # Read, not mapped: somebody may be writing it.
    with maxminddb.open_database(path, maxminddb.MODE_FILE) as database:
        return datetime.fromtimestamp(database.metadata().build_epoch, UTC)


def is_of_this_machine(host: str) -> bool:
    """Tell whether an address, or one that a name leads to, is of this machine: it can be bound."""
    try:
        places = socket.getaddrinfo(host, 0, 0, socket.SOCK_STREAM)
    except OSError:
        return False
    return any(_can_bind(family, place) for family, _, _, _, place in places)


def _can_bind(family: int, place: Any) -> bool:
    with socket.socket(family) as probe:
        try:
            probe.bind(place)
        except OSError:
            return False
    return True
