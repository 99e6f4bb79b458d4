"""Network of hosts on this machine: a network namespace for each, or else an address of loopback.

Rule: a namespace has no name and is held by a process of ours. When that ends, however it ends, the
kernel takes the namespace and its cable away (network_namespaces(7), veth(4)).
"""

import ctypes
import os
import shutil
import socket
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address
from pathlib import Path
from typing import NamedTuple, Self

from app.local.ports import LOOPBACK
from app.processes.child import Child, Program, wait_for

BACKLOG = 1_024
#: Kept for tests of networks (RFC 2544), so that no machine has its own there.
_FIRST = IPv4Address("198.18.0.0")
#: Of four addresses each: the network's, both ends', and the broadcast's.
_CABLES = 1 << 15
_CLONE_NEWNET = 0x40000000
_UP_SECONDS = 60.0


class Place(NamedTuple):
    """Where a host is.

    Attributes:
        address: by which others reach it.
        holder: process whose network it has; 0 for ours.
    """

    address: str
    holder: int = 0

    @property
    def enter(self) -> tuple[str, ...]:
        """What runs a command there."""
        return ("nsenter", f"--net=/proc/{self.holder}/ns/net") if self.holder else ()

    def listen(self) -> socket.socket:
        """Return a listening socket there, at a port that is free."""
        # Only a thread enters the network, and then ends.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(self._listen).result()

    def _listen(self) -> socket.socket:
        if self.holder:
            with Path(f"/proc/{self.holder}/ns/net").open() as namespace:
                if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), _CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
        return socket.create_server((self.address, 0), backlog=BACKLOG)


#: The machine's own, where most hosts of a test are.
HERE = Place(LOOPBACK)


class Network:
    """A network for a number of hosts, as a context manager; main thread only.

    Attributes:
        places: one for each host.
        stores: the address at which all of them reach what listens on this machine.
    """

    def __init__(self, directory: Path, hosts: int) -> None:
        self.places: list[Place] = []
        self.stores = LOOPBACK
        self._hosts = hosts
        self._directory = directory
        self._holders: list[Child] = []

    def __enter__(self) -> Self:
        try:
            for number in range(1, self._hosts + 1):
                self.places.append(self._namespace(number) if may_have_networks() else _at(number))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for holder in self._holders:
            holder.kill()

    def _namespace(self, number: int) -> Place:
        ours = Path("/proc/self/ns/net").stat().st_ino
        program = Program(f"network of host {number}", ("unshare", "--net", "sleep", "infinity"))
        holder = Child(program, self._directory / "network.log")
        holder.spawn()
        self._holders.append(holder)
        path = Path(f"/proc/{holder.pid}/ns/net")
        if not wait_for(lambda: path.stat().st_ino != ours, _UP_SECONDS):
            raise TimeoutError(f"host {number} got no network")
        near, far = _ends(holder.pid)
        _connect(holder.pid, near, far)
        if number == 1:
            self.stores = near
        return Place(far, holder.pid)


def may_have_networks() -> bool:
    """Tell whether we may make network namespaces and cables."""
    if os.geteuid() != 0 or not all(map(shutil.which, ("ip", "unshare", "nsenter"))):
        return False
    tried = ("unshare", "--net", "ip", "link", "add", "hopline0", "type", "veth")
    return not subprocess.run(tried, capture_output=True, check=False).returncode


def _at(number: int) -> Place:
    """Return a host's own address of the many that loopback has on Linux."""
    return Place(f"127.0.1.{number}")


def _ends(pid: int) -> tuple[str, str]:
    """Return the addresses of both ends of a cable that no other process of ours has."""
    first = _FIRST + 4 * (pid % _CABLES)
    return str(first + 1), str(first + 2)


def _connect(holder: int, near: str, far: str) -> None:
    """Lay a cable between our network and the holder's; what it asks for goes through it."""
    inside = ("nsenter", f"--net=/proc/{holder}/ns/net")
    cable = f"hop{holder}"
    _ip((), "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", str(holder))
    _ip((), "address", "add", f"{near}/30", "dev", cable)
    _ip((), "link", "set", cable, "up")
    _ip(inside, "address", "add", f"{far}/30", "dev", "eth0")
    for name in ("eth0", "lo"):
        _ip(inside, "link", "set", name, "up")
    _ip(inside, "route", "add", "default", "via", near)


def _ip(inside: Sequence[str], *words: str) -> None:
    subprocess.run([*inside, "ip", *words], check=True, capture_output=True)
