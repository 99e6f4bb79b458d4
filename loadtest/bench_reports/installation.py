"""Installation with generated clicks, and the clients that ask it."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psutil
from clickhouse_driver import Client

from loadtest.common.hopline import environment_with, running_up
from loadtest.common.ports import free_port
from loadtest.common.processes import below, cpu_seconds

#: Longest report that is waited for.
_TIMEOUT_SECONDS = 300

#: Links by Zipf's law, the first with half of all clicks besides; 90 days, 15 % bots. A visitor's
#: id changes with the day. What is inserted at once makes one part of each month.
_FILL = """
INSERT INTO clicks
    (click_id, time, short_code, target, ip, visitor_id, country, browser, os, device, is_bot, bot,
     referrer_host, referrer, user_agent, host, language, geo_version, enriched_at)
WITH
    cityHash64(number, 'click') AS h,
    now64(3) - toIntervalMillisecond(h %% 7776000000) AS clicked,
    exp((cityHash64(number, 'link') %% 1000000) / 1000000 * log(%(links)s)) AS rank,
    cityHash64(number, 'bot') %% 100 < 15 AS is_program
SELECT
    unhex(leftPad(hex(number), 32, '0')), clicked,
    if(number %% 2 = 0, 'hottest', concat('link', toString(toUInt32(rank)))),
    'https://example.com/page', '::', cityHash64(h %% 300000, toDate(clicked)),
    ['DE', 'US', 'FR', 'AT', 'IN', 'GB', 'NP'][1 + h %% 7],
    ['Chrome', 'Firefox', 'Safari', 'Edge'][1 + cityHash64(h, 1) %% 4],
    ['Linux', 'Windows', 'iOS', 'Android'][1 + cityHash64(h, 2) %% 4],
    ['desktop', 'mobile', 'tablet'][1 + cityHash64(h, 3) %% 3],
    is_program, if(is_program, 'Googlebot', ''),
    concat('site', toString(cityHash64(h, 4) %% 50), '.example'), '',
    concat('Mozilla/5.0 agent ', toString(cityHash64(h, 5) %% 300)), 'go.example', 'en', '1',
    now64(3)
FROM numbers(%(first)s, %(count)s)
"""
_PIECE = 1_000_000


@dataclass(frozen=True, slots=True)
class Installation:
    """Console and ClickHouse of a running `hopline up`.

    Attributes:
        console: HOST:PORT.
    """

    console: str
    clickhouse: Client
    clickhouse_process: psutil.Process

    def fill(self, clicks: int, links: int) -> None:
        """Have ClickHouse make up so many clicks."""
        for first in range(0, clicks, _PIECE):
            count = min(_PIECE, clicks - first)
            wanted = {"first": first, "count": count, "links": links}
            self.clickhouse.execute(_FILL, wanted)

    def ask(self, path: str) -> Any:
        """Return what the console answers.

        Raises:
            RuntimeError: it isn't 200.
        """
        # An open connection would be closed while the scans of before are at work.
        with closing(HTTPConnection(self.console, timeout=_TIMEOUT_SECONDS)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path} is answered by {answer.status}: {body!r}")
        return json.loads(body)

    def clickhouse_cpu_seconds(self) -> float:
        """Return the CPU time that ClickHouse has used so far."""
        return cpu_seconds([self.clickhouse_process])


@contextmanager
def running_installation(directory: Path) -> Iterator[Installation]:
    """Start one in a folder; it is gone afterwards.

    Raises:
        ChildFailed: it did not get ready.
    """
    console_bind = f"127.0.0.1:{free_port()}"
    environment = environment_with(
        redirect_bind=f"127.0.0.1:{free_port()}",
        console_bind=console_bind,
        redirect_metrics_bind="off",
        workers_metrics_bind="off",
        redirect_workers=1,
        clickhouse_timeout_seconds=_TIMEOUT_SECONDS,
    )
    data = directory / "data"
    options = ("--data", str(data), "--consumers", "1")
    with running_up(environment, directory / "up.log", *options) as up:
        lines = (line.partition("=") for line in (data / "running.env").read_text().splitlines())
        written = {name: text.strip("'\"") for name, _, text in lines}
        url = f"{written['HOPLINE_CLICKHOUSE_URL']}?send_receive_timeout={_TIMEOUT_SECONDS}"
        with Client.from_url(url) as client:
            yield Installation(console_bind, client, below(up.pid, "tcp_port")[0])
