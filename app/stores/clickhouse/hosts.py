"""Hosts of ClickHouse that a URL names, and which of them a process asks first.

Rule: another host is tried while connecting only; whether a query that broke off was carried out
nobody knows, and its caller decides what to do.
"""

import os
import random
import threading
from collections.abc import Iterable

#: Host and port.
End = tuple[str, int]


def places(url: str) -> tuple[str, ...]:
    """Return what a URL says between its user and its path: HOST or HOST:PORT, one or more."""
    return tuple(_split(url)[1].split(","))


def at_place(url: str, place: str) -> str:
    """Return a URL that leads to one HOST:PORT instead of those that it names."""
    before, _, behind = _split(url)
    return f"{before}{place}{behind}"


def with_parameters(url: str, **values: str) -> str:
    """Return a URL with parameters behind those that it has; values that need no escape."""
    more = "&".join(f"{name}={value}" for name, value in values.items())
    return f"{url}{'&' if '?' in url else '?'}{more}"


def path(url: str) -> str:
    """Return the path of a URL, without its slashes."""
    return _split(url)[2].partition("?")[0].partition("#")[0].strip("/")


def _split(url: str) -> tuple[str, str, str]:
    """Part a URL before and behind its hosts; urlsplit() makes nothing of several."""
    scheme, slashes, rest = url.partition("://")
    marks = [place for mark in "/?#" if (place := rest.find(mark)) >= 0]
    end = min(marks, default=len(rest))
    userinfo, at, hosts = rest[:end].rpartition("@")
    return f"{scheme}{slashes}{userinfo}{at}", hosts, rest[end:]


class Hosts:
    """Order in which the threads of a process try several hosts.

    It begins by chance, so that processes spread over them. Whoever failed comes after the others,
    and who did not even let us in is tried only when nobody else does: a host that swallows packets
    costs a process one wait, not one for each connection.
    """

    def __init__(self, ends: Iterable[End]) -> None:
        self._order = random.sample(found := list(ends), len(found))
        self._away: set[End] = set()
        self._lock = threading.Lock()

    def in_order(self) -> list[End]:
        """Return all hosts, the one to try first at the front."""
        with self._lock:
            return sorted(self._order, key=self._away.__contains__)

    def reached(self, end: End) -> None:
        """Remember that a host let us in."""
        with self._lock:
            self._away.discard(end)

    def missed(self, end: End, *, is_away: bool) -> None:
        """Try a host after the others from now on; ``is_away`` if it did not let us in."""
        with self._lock:
            self._order.remove(end)
            self._order.append(end)
            if is_away:
                self._away.add(end)


_known: dict[tuple[int, frozenset[End]], Hosts] = {}


def hosts_of(ends: Iterable[End]) -> Hosts:
    """Return what this process knows about some hosts; a process that was forked begins anew."""
    ends = frozenset(ends)
    return _known.setdefault((os.getpid(), ends), Hosts(sorted(ends)))
