"""A throw-away machine: this machine's own files under a systemd of their own (systemd-nspawn).

Rule: nothing of it stays. Its root is an overlay in memory over a read-only view of ours, in a
mount namespace that goes with the process; its network is a loopback device of its own.
"""

import re
import shlex
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

import psutil

from app.processes.child import Child, Program

BOOT_SECONDS = 60
#: What the machine's overlay may come to hold: two versions, the stores' data, the journal.
MEMORY = "4g"

#: The mounts are private to this shell and all that it becomes.
_SCRIPT = """
set -e
mount -t tmpfs -o size={memory} tmpfs {at}
mkdir {at}/ours {at}/upper {at}/work {at}/root
mount --bind / {at}/ours
mount -t overlay -o lowerdir={at}/ours,upperdir={at}/upper,workdir={at}/work overlay {at}/root
# Where systemd-nspawn keeps its own files, which it won't delete from a disk.
mkdir -p /run/systemd/nspawn
mount -t tmpfs tmpfs /run/systemd/nspawn
# Services of this machine have no business there.
rm -rf {at}/root/etc/systemd/system/*.wants {at}/root/etc/cron* {at}/root/var/log/journal
# With an id it doesn't take this for its first boot, which would enable everything again.
tr -d - </proc/sys/kernel/random/uuid >{at}/root/etc/machine-id
boot() {{
    systemd-nspawn --directory={at}/root --quiet --register=no --keep-unit --private-network \
        --link-journal=no --console=pipe {binds} --boot
}}
# That is how it asks to be started again when the machine reboots.
until boot; do [ $? = 133 ] || exit; done
"""


class Container:
    """The machine; as a context manager it runs, and all of it is gone at the end.

    Args:
        directory: an empty folder of ours to mount it in.
        binds: paths of ours, by where they are seen there, read-only.
    """

    def __init__(self, directory: Path, binds: Mapping[str, Path]) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        options = [f"--bind-ro={ours}:{theirs}" for theirs, ours in binds.items()]
        self._script = _SCRIPT.format(
            memory=MEMORY, at=shlex.quote(str(directory)), binds=shlex.join(options)
        )
        self._log = directory.with_suffix(".log")

    def __enter__(self) -> Self:
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", self._script]
        self._child = Child(Program("machine", tuple(command)), self._log)
        self._child.spawn()
        try:
            self.wait_until_booted()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def _end(self) -> None:
        """Take the machine off the mains: killing its first process kills all the others."""
        ours = [psutil.Process(self._child.pid)] if self._child.is_running else []
        everything = [child for one in ours for child in one.children(recursive=True)]
        self._child.kill()
        for process in everything:
            # Those of the machine end with its first process, perhaps between a look and this.
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(everything, timeout=120)

    @property
    def leader(self) -> int:
        """Our number of the machine's process 1."""
        found = self._leader_or_none()
        assert found, self._log.read_text()
        return found

    def command(self, *argv: str) -> list[str]:
        """Return how to run a command there, as its root."""
        namespaces = ["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd"]
        return ["nsenter", "--target", str(self.leader), *namespaces, "--", *argv]

    def in_network(self, *argv: str) -> list[str]:
        """Return how to run a command of ours that only shares the machine's network."""
        return ["nsenter", "--target", str(self.leader), "--net", "--", *argv]

    def run(self, *argv: str, check: bool = True, seconds: float = 120) -> str:
        """Run a command there and return all that it writes."""
        done = subprocess.run(
            self.command(*argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
            env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
        )
        assert not check or done.returncode == 0, f"{shlex.join(argv)}: {done.stdout}"
        return done.stdout

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Write a file there."""
        at = Path(f"/proc/{self.leader}/root{path}")
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_text(text)
        at.chmod(mode)

    def exists(self, path: str) -> bool:
        """Tell whether there is something at a path there."""
        return Path(f"/proc/{self.leader}/root{path}").exists()

    def show(self, unit: str, name: str) -> str:
        """Return a property of a unit."""
        return self.run("systemctl", "show", "--value", f"--property={name}", unit).strip()

    def main_pid(self, unit: str) -> int:
        """Return the machine's number of a service's main process, 0 for none."""
        return int(self.show(unit, "MainPID"))

    def journal(self, unit: str) -> str:
        """Return what a unit wrote."""
        return self.run("journalctl", "--no-pager", "--output=short-precise", "--unit", unit)

    def reboot(self) -> None:
        """Restart the machine and wait until it is up again."""
        before = self.leader
        self.run("systemctl", "reboot", check=False)
        wait_until(lambda: self._leader_or_none() not in (None, before), BOOT_SECONDS)
        self.wait_until_booted()

    def wait_until_booted(self) -> None:
        """Wait until everything enabled has been started, or failed to."""
        wait_until(self._is_booted, BOOT_SECONDS)

    def _is_booted(self) -> bool:
        assert self._child.is_running, self._child.epitaph()
        leader = self._leader_or_none()
        # Until it has become systemd, its namespaces are still being made.
        if leader is None or Path(f"/proc/{leader}/comm").read_text() != "systemd\n":
            return False
        state = self.run("systemctl", "is-system-running", check=False)
        return state.strip() in ("running", "degraded")

    def _leader_or_none(self) -> int | None:
        try:
            children = psutil.Process(self._child.pid).children(recursive=True)
            return next((child.pid for child in children if is_process_1(child.pid)), None)
        except (psutil.NoSuchProcess, FileNotFoundError):
            return None


def is_process_1(pid: int) -> bool:
    """Tell whether a process of ours is process 1 of a machine of its own (NSpid in proc(5))."""
    status = Path(f"/proc/{pid}/status").read_text()
    numbers = re.search(r"^NSpid:\s+(.*)$", status, re.MULTILINE)[1].split()
    return len(numbers) > 1 and numbers[-1] == "1"


def wait_until(condition, seconds: float = 30.0) -> None:
    """Wait until a condition is true; fail when it takes longer."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not true within {seconds} s"
        # Each look starts programs on both machines.
        time.sleep(0.2)
