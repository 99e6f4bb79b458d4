"""The workers as they are often written, in the place of ours, to see that a run can fail.

It acks before it inserts, so what it holds when it is killed is gone; it sends an insert again when
no answer came, so an insert that had arrived counts twice; and it makes up each row's id when it
inserts, so a click that comes twice is two.
"""

import logging
import os
import signal
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime
from typing import Any

import redis
from clickhouse_driver import Client
from setproctitle import setproctitle

from app.config.loading import load
from app.config.settings import Settings
from app.processes.child import wait_for

logger = logging.getLogger(__name__)

_CONSUMER = "consumer"
_COLUMNS = "click_id, time, short_code, target, referrer, enriched_at"
_GIVE_UP_SECONDS = 60.0


def supervise(consumers: int) -> None:
    """Keep so many consumers running until told to stop."""
    argv = (sys.executable, "-m", "tests.chaos.naive", _CONSUMER)
    running: list[subprocess.Popen[bytes]] = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        while True:
            running = [one for one in running if one.poll() is None]
            running += [subprocess.Popen(argv) for _ in range(consumers - len(running))]
            time.sleep(0.1)
    finally:
        for one in running:
            one.terminate()


def consume(settings: Settings) -> None:
    """Read, ack, insert; over and over."""
    stream, group, name = settings.stream, settings.group, f"naive-{os.getpid()}"
    client: Any = redis.Redis.from_url(settings.redis_url, socket_timeout=10, protocol=2)
    try:
        client.xgroup_create(stream, group, "0", mkstream=True)
    except redis.ResponseError as error:
        logger.info("the group is there: %s", error)
    while True:
        reply = client.xreadgroup(group, name, {stream: ">"}, count=100, block=1000)
        for _, entries in reply:
            client.xack(stream, group, *(entry_id for entry_id, _ in entries))
            insert(settings, [row(fields) for _, fields in entries])


def row(fields: dict[bytes, bytes]) -> tuple[object, ...]:
    """Return a row of the columns that are compared, with an id of its own."""
    clicked = datetime.fromtimestamp(int(fields[b"timestamp"]), UTC)
    texts = (fields[name].decode() for name in (b"short_code", b"original_url", b"referer"))
    return uuid.uuid4().bytes, clicked, *texts, datetime.now(UTC)


def insert(settings: Settings, rows: list[tuple[object, ...]]) -> None:
    """Insert rows, again and again until ClickHouse says that they are there."""

    def is_inserted() -> bool:
        try:
            client = Client.from_url(settings.clickhouse_url)
            client.execute(f"INSERT INTO clicks ({_COLUMNS}) VALUES", rows)
        except Exception as error:  # noqa: BLE001 - naive
            logger.warning("once more: %s", error)
            return False
        client.disconnect()
        return True

    wait_for(is_inserted, _GIVE_UP_SECONDS)


def main() -> None:
    logging.basicConfig(level=logging.WARNING)
    settings = load()
    if _CONSUMER in sys.argv:
        setproctitle("hopline: consumer naive")
        consume(settings)
    supervise(settings.consumers)


if __name__ == "__main__":
    main()
