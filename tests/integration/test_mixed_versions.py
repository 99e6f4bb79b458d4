"""Three hosts go from one version to the next and one of them back, while visitors come."""

import itertools
import signal
import socket
import threading
import time

import pytest
from redis import Redis

from app.audit.spool import spooled
from app.links.link import Link, encode
from app.stores.clickhouse.connection import connect
from app.stores.keys import link_key
from tests.conftest import missing
from tests.support.hosts import REPOSITORY, HistoryMissing, Host, Release, may_name_hosts
from tests.support.worker_processes import wait_until

LINK = Link(code="demo", target="https://target.example/", created_ms=1, updated_ms=1)
REQUEST = (
    b"GET /demo HTTP/1.1\r\nHost: a\r\nReferer: https://v.example/%d\r\nConnection: close\r\n"
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0\r\n\r\n"
)
#: Between two visitors of a host.
_PAUSE_SECONDS = 0.02
_PATIENCE_SECONDS = 30.0


class Visitors:
    """People who come to each host one after the other; keeps its own account of them."""

    def __init__(self, hosts: list[Host]) -> None:
        self.failed: list[str] = []
        self._answered: dict[str, list[int]] = {host.name: [] for host in hosts}
        self._numbers = itertools.count()
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._come, args=(host,)) for host in hosts]

    @property
    def answered(self) -> list[int]:
        """The numbers of those who were led to the target."""
        return sorted(itertools.chain.from_iterable(self._answered.values()))

    def __enter__(self) -> "Visitors":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def more(self, count: int = 100) -> None:
        """Wait until every host has answered so many more."""
        wanted = {name: len(answered) + count for name, answered in self._answered.items()}
        wait_until(
            lambda: (
                self.failed
                or all(len(self._answered[name]) >= least for name, least in wanted.items())
            )
        )
        assert self.failed == []

    def _come(self, host: Host) -> None:
        while not self._is_over.wait(_PAUSE_SECONDS):
            number = next(self._numbers)
            began = time.monotonic()
            try:
                answer = _exchange(host.port, REQUEST % number)
            except OSError as error:
                seconds = time.monotonic() - began
                self.failed.append(
                    f"{host.name}, {host.release.directory}, {seconds:.1f} s: {error}"
                )
                continue
            if answer.startswith(b"HTTP/1.1 302 "):
                self._answered[host.name].append(number)
            else:
                self.failed.append(f"{host.name}: {answer[:60]!r}")


def _exchange(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_SECONDS) as client:
        client.sendall(request)
        return b"".join(iter(lambda: client.recv(65536), b""))


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    try:
        return Release.before(tmp_path_factory.mktemp("before") / "hopline")
    except HistoryMissing as error:
        return missing(str(error))


@pytest.fixture
def hosts(tmp_path, before, valkey, clickhouse):
    with Redis.from_url(valkey.url) as client:
        client.set(link_key(LINK.code), encode(LINK))
    stores = {"redis_url": valkey.url, "clickhouse_url": clickhouse.url("hopline")}
    made = [Host(f"host{number}", tmp_path, before, **stores) for number in (1, 2, 3)]
    for host in made:
        host.start()
    yield made
    for host in made:
        host.close()


def stored(clickhouse) -> list[int]:
    with connect(clickhouse.url("hopline"), timeout_seconds=10) as client:
        rows = client.execute("SELECT referrer FROM clicks FINAL")
    return [int(referer.rpartition("/")[2]) for (referer,) in rows]


def names_seen(release: Release, host: Host) -> set[str]:
    told = release.hopline(host.settings, "workers", "status")
    return {state["host"] for state in told["workers"] if state["state"] == "running"}


@pytest.mark.timeout(300)
def test_an_upgrade_of_three_hosts_and_a_way_back_lose_nothing(hosts, before, clickhouse, valkey):
    now = Release(REPOSITORY)
    everybody = {host.name for host in hosts} if may_name_hosts() else {socket.gethostname()}
    with Visitors(hosts) as visitors:
        visitors.more()
        first, second, third = hosts
        first.change_to(now)
        # The versions read each other's states.
        for release in (before, now):
            wait_until(lambda release=release: names_seen(release, first) == everybody)
        visitors.more()
        # What the version before has spooled is sent by this one.
        valkey.signal(signal.SIGSTOP)
        visitors.more(20)
        second.stop_redirect()
        assert any(spooled(second.spool))
        valkey.signal(signal.SIGCONT)
        second.change_to(now)
        visitors.more()
        third.change_to(now)
        visitors.more()
        # And back, with what this version has spooled.
        valkey.signal(signal.SIGSTOP)
        visitors.more(20)
        third.stop_redirect()
        assert any(spooled(third.spool))
        valkey.signal(signal.SIGCONT)
        third.change_to(before)
        visitors.more()
    assert visitors.failed == []
    wait_until(lambda: set(stored(clickhouse)) >= set(visitors.answered))
    assert sorted(stored(clickhouse)) == visitors.answered
    for release in (before, now):
        assert release.hopline(first.settings, "audit")["balanced"]


def test_what_a_lost_host_of_the_version_before_has_spooled_comes_home(hosts, clickhouse, valkey):
    *others, lost = hosts
    with Visitors(hosts) as visitors:
        visitors.more(20)
        valkey.signal(signal.SIGSTOP)
        visitors.more(50)
    lost.kill()
    valkey.signal(signal.SIGCONT)
    left = {click.click_id for click in spooled(lost.spool)}
    assert len(left) >= 40
    now = Release(REPOSITORY)
    for _ in range(2):
        told = now.hopline(others[0].settings, "spool", "import", str(lost.spool))
        assert told["complete"]
        assert told["clicks"] == len(left)
    wait_until(lambda: set(stored(clickhouse)) >= set(visitors.answered))
    assert sorted(stored(clickhouse)) == visitors.answered
