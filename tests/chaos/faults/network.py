"""Faults between the parts: connections cut in mid-command, and a network that is gone."""

from random import Random

from loadtest.faults.injection import Injection, Until
from tests.chaos.faults.fault import Fault, fault
from tests.chaos.faults.plan import REDIS_AWAY, UNHEARD
from tests.chaos.testbed.testbed import Testbed
from tests.support.tcp_proxy import Cut, CuttingProxy

#: Pieces of a reply that may get through before the rest is lost: ClickHouse answers an INSERT
#: with the columns of the table first, and only then with its end.
_MOST_SPARED = 2
_LATE_SECONDS = (0.005, 0.3)


class _Cutting:
    """Cuts one connection at the next command of a kind."""

    def __init__(self, link: str, markers: tuple[bytes, ...], *, is_reply: bool) -> None:
        self._link = link
        self._markers = markers
        self._is_reply = is_reply

    def __call__(self, testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
        # Nothing of the piece gets through, or some, or all of it and then no more.
        share = random.choice((0.0, random.random(), 1.0))
        spared = random.randint(0, _MOST_SPARED) if self._link == "clickhouse_link" else 0
        marker = random.choice(self._markers)
        cut = Cut(marker, is_reply=self._is_reply, share=share, spared=spared)
        proxy = _link(testbed, self._link)
        proxy.arm(cut)
        return _Armed(proxy, cut)


class _Armed:
    def __init__(self, proxy: CuttingProxy, cut: Cut) -> None:
        self._proxy = proxy
        self._cut = cut

    def renew(self) -> None:
        pass

    def lift(self) -> bool:
        self._proxy.disarm()
        return self._cut.has_happened


class _Stall:
    """Lets nothing through for a while, and then all that was held back."""

    def __init__(self, link: str) -> None:
        self._link = link

    def __call__(self, testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
        proxy = _link(testbed, self._link)
        proxy.stall()
        return Until(proxy.flow)


class _Slow:
    """Lets everything through late."""

    def __init__(self, link: str) -> None:
        self._link = link

    def __call__(self, testbed: Testbed, random: Random, hold_seconds: float) -> Injection:
        proxy = _link(testbed, self._link)
        proxy.delay(random.uniform(*_LATE_SECONDS))
        return Until(lambda: proxy.delay(0.0))


def _link(testbed: Testbed, name: str) -> CuttingProxy:
    proxy: CuttingProxy = getattr(testbed, name)
    return proxy


def _of_link(link: str, name: str, markers: tuple[bytes, ...], *marks: str) -> tuple[Fault, ...]:
    wait = (1.0, 3.0)
    return (
        fault(f"{name}: command cut", link, wait, _Cutting(link, markers, is_reply=False), *marks),
        fault(f"{name}: reply cut", link, wait, _Cutting(link, markers, is_reply=True), *marks),
        fault(f"{name}: stalled", link, (0.2, 6.0), _Stall(link), *marks),
        fault(f"{name}: slow", link, (2.0, 10.0), _Slow(link), *marks),
    )


FAULTS = (
    *_of_link("redirect_link", "redirect to redis", (b"XADD",), REDIS_AWAY, UNHEARD),
    *_of_link(
        "workers_link",
        "workers to redis",
        (b"XREADGROUP", b"Record a batch", b"Ack entries of a batch", b"EVAL"),
    ),
    *_of_link("clickhouse_link", "workers to clickhouse", (b"INSERT INTO clicks",)),
)
