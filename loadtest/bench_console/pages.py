"""Pages as a browser asks for them, one after another, and what the console takes for each."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import quote

import psutil

from app.processes.child import ChildFailed
from loadtest.bench_reports.generated import HOTTEST
from loadtest.bench_reports.installation import Installation
from loadtest.common.command_line import Say
from loadtest.common.latencies import Latencies
from loadtest.common.processes import below, cpu_seconds

#: Kinds of pages, as far as targets tell them apart.
REPORTS, LISTS = "reports", "lists"
_HEADERS = {"Accept": "text/html", "Accept-Encoding": "gzip"}
_TIMEOUT_SECONDS = 300.0
_LETTERS = "abcdefghijklmnopqrstuvwxyz"

Question = tuple[str, str, Callable[[], str]]


def questions(links: int) -> Iterator[Question]:
    """Yield names, kinds and what makes paths of pages, the same for the same number of links."""
    chance = random.Random(links)

    def word(least: int, most: int) -> str:
        return "".join(chance.choices(_LETTERS, k=chance.randint(least, most)))

    def number() -> int:
        return chance.randrange(1, links)

    yield "overview", REPORTS, lambda: "/"
    yield "overview, 30 days beside 30 before", REPORTS, lambda: "/?period=30d&compare=previous"
    yield "link with half of all clicks", REPORTS, lambda: f"/links/{HOTTEST}"
    yield "link of Zipf's tail", REPORTS, lambda: f"/links/link{min(number(), 100_000):06d}"
    yield "links, newest first", LISTS, lambda: "/links"
    yield "links by clicks", LISTS, lambda: "/links?sort=clicks"
    yield "links by last click", LISTS, lambda: "/links?sort=last_click_at"
    yield "search of three letters", LISTS, lambda: f"/links?q={word(3, 3)}"
    yield "search of a word", LISTS, lambda: f"/links?q={word(4, 6)}"
    yield "search of one link's text", LISTS, lambda: f"/links?q={quote(f'id={number()}')}"
    yield "links of a tag", LISTS, lambda: f"/links?tag=t{number() % 500}"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page took.

    Attributes:
        cpu_ms: of the console and of ClickHouse, a page: tells on a busy machine what time doesn't.
    """

    kind: str
    p50_ms: float
    p95_ms: float
    cpu_ms: tuple[float, float]


def ask_pages(installation: Installation, links: int, repeats: int, say: Say) -> dict[str, Asked]:
    """Return what each page took, asked so many times; the first of each doesn't count.

    Raises:
        ChildFailed: one isn't answered by 200.
    """
    console = below(installation.up_pid, "gunicorn: worker [hopline-console]")
    found = {}
    for name, kind, make in questions(links):
        with closing(HTTPConnection(installation.console, timeout=_TIMEOUT_SECONDS)) as connection:
            found[name] = _asked(installation, connection, console, kind, make, repeats)
        say(f"{name}: p95 {found[name].p95_ms:,.0f} ms")
    return found


def _asked(
    installation: Installation,
    connection: HTTPConnection,
    console: list[psutil.Process],
    kind: str,
    make: Callable[[], str],
    repeats: int,
) -> Asked:
    _get(connection, make())
    latencies = Latencies()
    before = cpu_seconds(console), installation.cpu().clickhouse
    for _ in range(repeats):
        path, began = make(), time.monotonic()
        _get(connection, path)
        latencies.add(time.monotonic() - began)
    after = cpu_seconds(console), installation.cpu().clickhouse
    by_console, by_clickhouse = (
        1000 * (now - then) / repeats for now, then in zip(after, before, strict=True)
    )
    return Asked(kind, latencies.at(50), latencies.at(95), (by_console, by_clickhouse))


def _get(connection: HTTPConnection, path: str) -> None:
    connection.request("GET", path, headers=_HEADERS)
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise ChildFailed(f"{path} is answered by {answer.status}")
