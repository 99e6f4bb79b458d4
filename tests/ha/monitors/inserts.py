"""Monitor that sees from outside when rows arrive in ClickHouse, by asking its replicas."""

from collections.abc import Sequence
from itertools import pairwise

from app.local.clickhouse import DATABASE
from app.local.ports import LOOPBACK
from app.stores.clickhouse.driver import Client, errors
from tests.chaos.visitors.client_log import now_ms
from tests.ha.accounts.recording import Gap
from tests.support.background import Background

_LOOK_SECONDS = 0.05
_PATIENCE_SECONDS = 0.5
_AWAY = (errors.Error, OSError, EOFError)


class Inserts(Background):
    """Watches how many rows there are, as a context manager.

    Attributes:
        at_ms: when there were more than before, in Unix milliseconds.
        is_answered: whether any of them told, the last time.
    """

    def __init__(self, ports: Sequence[int]) -> None:
        super().__init__()
        self.at_ms: list[int] = []
        self.is_answered = False
        self._clients = [
            Client(LOOPBACK, port, DATABASE, connect_timeout=_PATIENCE_SECONDS) for port in ports
        ]

    def pause(self, from_ms: int, to_ms: int) -> Gap:
        """Return the longest time without new rows that ends in a span or lasts until its end."""
        until = [at_ms for at_ms in self.at_ms if at_ms <= to_ms]
        gaps = [Gap(*pair) for pair in pairwise([*until, to_ms]) if pair[1] >= from_ms]
        return max(gaps, key=lambda gap: gap.to_ms - gap.from_ms, default=Gap(from_ms, to_ms))

    def _work(self) -> None:
        most = -1
        while not self._is_over.wait(_LOOK_SECONDS):
            rows = max(map(_rows, self._clients))
            self.is_answered = rows >= 0
            if rows > most:
                self.at_ms.append(now_ms())
            # Merges take away what is there twice.
            most = rows if self.is_answered else most
        for client in self._clients:
            client.disconnect()


def _rows(client: Client) -> int:
    """Return how many rows a replica has; -1 while it is away."""
    try:
        [(rows,)] = client.execute("SELECT count() FROM clicks")
    except _AWAY:
        client.disconnect()
        return -1
    return int(rows)
