"""Placement of each part on cores, so that the load generator takes none of the server's time."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

Cores = tuple[int, ...]


class TooFewCores(Exception):
    """The server can't have a core of its own; the text says how many there are."""


@dataclass(frozen=True, slots=True)
class Placement:
    """The cores of server, Redis and load generator; Redis and generator may share theirs."""

    server: Cores
    redis: Cores
    generator: Cores

    @property
    def server_is_alone(self) -> bool:
        """Whether neither Redis nor the generator runs on the server's cores."""
        return not set(self.server) & {*self.redis, *self.generator}


def place(cores: Sequence[int], server_cores: int = 1) -> Placement:
    """Give the first cores to the server, one to Redis and as many as the server's to the load.

    Too few for that: Redis shares with the generator, and both with the server's last core.

    Raises:
        TooFewCores: with fewer than two.
    """
    if len(cores) < 2:
        raise TooFewCores(f"{len(cores)} core: the load generator needs one beside the server's")
    server = tuple(cores[:server_cores])
    others = tuple(cores[server_cores:]) or server[-1:]
    return Placement(
        server=server, redis=others[:1], generator=others[1 : 1 + server_cores] or others
    )


def available_cores() -> list[int]:
    """Return the cores that this process may use, which a container may have limited."""
    return sorted(os.sched_getaffinity(0))


def pinned(argv: Sequence[str], cores: Cores) -> list[str]:
    """Return the command that runs on these cores only, from its first thread on."""
    return ["taskset", "--cpu-list", ",".join(map(str, cores)), *argv]
