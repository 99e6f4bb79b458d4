"""What can be done from inside a service's sandbox; run there, with the standard library alone.

Prints one line: a JSON object of each attempt and how it ended, "done" or the name of an errno.
"""

import ctypes
import errno
import json
import mmap
import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

OWN = Path(os.environ["STATE_DIRECTORY"])
CREDENTIALS = Path(os.environ["CREDENTIALS_DIRECTORY"])
LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWUSER = 0x10000000
AF_ALG, AF_VSOCK = 38, 40


def outcome(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))
    return "done"


def write(folder: str | Path) -> Callable[[], object]:
    return lambda: (Path(folder) / ".probe").write_text("was here")


def read(path: str | Path) -> Callable[[], object]:
    def attempt() -> None:
        # A directory is read in another way, which its own error asks for.
        try:
            Path(path).read_bytes()
        except IsADirectoryError:
            next(Path(path).iterdir(), None)

    return attempt


def open_socket(family: int, kind: int = socket.SOCK_STREAM) -> Callable[[], object]:
    return lambda: socket.socket(family, kind).close()


def call(name: str, *arguments: object) -> Callable[[], object]:
    def attempt() -> None:
        if getattr(LIBC, name)(*arguments) == -1:
            raise OSError(ctypes.get_errno(), name)

    return attempt


def others_seen() -> None:
    """Raise ENOENT unless processes of other users can be seen."""
    processes = [path for path in Path("/proc").iterdir() if path.name.isdigit()]
    if all(process.stat().st_uid == os.getuid() for process in processes):
        raise FileNotFoundError(errno.ENOENT, "nobody else")


def set_clock() -> None:
    time.clock_settime(time.CLOCK_REALTIME, time.time())


def attempts(siblings: list[str]) -> dict[str, Callable[[], object]]:
    """Return each attempt by a sentence; those under "may" have to work."""
    return {
        "may write its own folder": write(OWN),
        "may write its own /tmp": write("/tmp"),
        "may read its own passwords": read(CREDENTIALS),
        "may open an IPv4 socket": open_socket(socket.AF_INET),
        "may open an IPv6 socket": open_socket(socket.AF_INET6),
        "may open a Unix socket": open_socket(socket.AF_UNIX),
        **{f"write {folder}": write(folder) for folder in ("/etc/hopline", "/usr", "/var/lib",
           "/opt/hopline/current", "/run/hopline", "/srv", "/dev/shm/..")},
        **{f"write {one}'s folder": write(f"/var/lib/hopline/{one}") for one in siblings},
        **{f"read {one}'s folder": read(f"/var/lib/hopline/{one}") for one in siblings},
        **{f"read {one}'s passwords": read(f"/run/credentials/hopline-{one}.service")
           for one in siblings},
        "read the folder of passwords": read("/etc/hopline/credentials"),
        "read /root": read("/root/.profile"),
        "read /etc/shadow": read("/etc/shadow"),
        "read the host's /tmp": read("/tmp/of-the-host"),
        "see other users' processes": others_seen,
        "read process 1": read("/proc/1/environ"),
        "read kernel variables": read("/proc/sys/kernel/hostname"),
        "read the kernel's log": read("/dev/kmsg"),
        "open a raw socket": open_socket(socket.AF_INET, socket.SOCK_RAW),
        "open a packet socket": open_socket(socket.AF_PACKET, socket.SOCK_RAW),
        "open a netlink socket": open_socket(socket.AF_NETLINK, socket.SOCK_RAW),
        "open a vsock": open_socket(AF_VSOCK),
        "open a kernel crypto socket": open_socket(AF_ALG, socket.SOCK_SEQPACKET),
        "become root": lambda: os.setuid(0),
        "make a namespace": call("unshare", CLONE_NEWUSER),
        "mount": call("mount", b"none", b"/tmp", b"tmpfs", 0, None),
        "make a set-user-id file": lambda: (OWN / ".probe").chmod(0o4755),
        "write code and run it": lambda: mmap.mmap(
            -1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
        ),
        "change the clock": set_clock,
    }  # fmt: skip


if __name__ == "__main__":
    outcomes = {what: outcome(attempt) for what, attempt in attempts(sys.argv[1:]).items()}
    (OWN / ".probe").unlink()
    sys.stdout.write(json.dumps({"probe": outcomes}) + "\n")
