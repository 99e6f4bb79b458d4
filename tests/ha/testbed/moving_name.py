"""Address that leads to the master which Sentinels name, as a DNS name or HAProxy's does.

New connections are led to where it leads now, and those that are open stay with whom they have.
"""

from typing import Self

from redis.exceptions import RedisError

from tests.ha.testbed.redis_group import RedisGroup
from tests.support.background import Background
from tests.support.tcp_proxy import TcpProxy

_LOOK_SECONDS = 0.1


class MovingName(Background):
    """The address of a group's master, as a context manager."""

    def __init__(self, group: RedisGroup) -> None:
        super().__init__()
        self._group = group
        self._proxy = TcpProxy(group.servers[0].port)

    @property
    def port(self) -> int:
        """Where clients connect to."""
        return self._proxy.port

    def __enter__(self) -> Self:
        self._proxy.__enter__()
        return super().__enter__()

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._proxy.__exit__()

    def _work(self) -> None:
        while not self._is_over.wait(_LOOK_SECONDS):
            try:
                self._proxy.lead_to(self._group.master().port)
            except RedisError:
                continue
