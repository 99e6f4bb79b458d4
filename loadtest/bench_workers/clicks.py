"""Clicks as a busy service gets them: few links have most of the visits, and most texts repeat.

An entry has the fields of ADR-003 and those that the redirect adds, written out here: a load test
knows the product from outside only.
"""

import random
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Generic, NamedTuple, TypeVar

from loadtest.scenario.people import BOTS

Thing = TypeVar("Thing")
Entry = tuple[bytes, ...]

_LINKS = 20_000
_VISITORS = 200_000
_PAGES = 20_000
#: Shares of the visits that come from another page, that name a language, that use IPv6.
_REFERRED = 0.6
_SPEAKING = 0.95
_ON_IPV6 = 0.3

_CHROME = (
    "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 {}Safari/537.36{}"
)
_DESKTOPS = (
    "Windows NT 10.0; Win64; x64",
    "Macintosh; Intel Mac OS X 10_15_7",
    "X11; Linux x86_64",
    "X11; CrOS x86_64 14541.0.0",
)
_PHONES = ("K", "SM-S918B", "SM-A546B", "Pixel 8", "Pixel 7a", "2201117TG", "M2102J20SG", "CPH2471")
_IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS {}_{} like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) {}"
)
_SITES = (
    "www.google.com/",
    "t.co/",
    "www.facebook.com/",
    "l.instagram.com/",
    "www.reddit.com/r/programming/comments/",
    "news.ycombinator.com/item?id=",
    "www.linkedin.com/feed/update/",
    "duckduckgo.com/?q=",
    "www.bing.com/search?q=",
    "mail.example.com/inbox/",
    "blog.example.org/2026/",
    "forum.example.net/t/",
)
_LANGUAGES = (
    "en-US,en;q=0.9",
    "de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7",
    "pt-BR,pt;q=0.9",
    "fr-FR,fr;q=0.9",
    "es-ES,es;q=0.9",
    "ja,en-US;q=0.7",
    "zh-CN,zh;q=0.9",
    "ru-RU,ru;q=0.9",
    "it-IT,it;q=0.9",
    "pl,en;q=0.5",
)


class Visitor(NamedTuple):
    """Somebody with a browser, or a program."""

    ip: bytes
    user_agent: bytes
    language: bytes


class Skewed(Generic[Thing]):
    """Things of which the first are picked far more often than the last (Zipf's law)."""

    def __init__(self, things: Sequence[Thing], chance: random.Random) -> None:
        self._things = things
        self._weights = list(accumulate(1 / (rank + 10) for rank in range(len(things))))
        self._chance = chance

    def pick(self, count: int) -> list[Thing]:
        """Return so many of them."""
        return self._chance.choices(self._things, cum_weights=self._weights, k=count)


class Traffic:
    """Who visits what, the same for the same seed."""

    def __init__(self, seed: int = 1) -> None:
        self._chance = chance = random.Random(seed)
        self._links = Skewed([_link(number) for number in range(_LINKS)], chance)
        self._visitors = Skewed([_visitor(chance) for _ in range(_VISITORS)], chance)
        self._pages = Skewed([_page(chance) for _ in range(_PAGES)], chance)

    def clicks(self, count: int, first_ms: int) -> Iterator[Entry]:
        """Yield entries, names and values in turn.

        Args:
            first_ms: Unix milliseconds of the first click; 20 clicks are made in each.
        """
        made = zip(
            self._links.pick(count),
            self._visitors.pick(count),
            self._pages.pick(count),
            strict=True,
        )
        for number, (link, visitor, page) in enumerate(made):
            yield _entry(first_ms + number // 20, link, visitor, page, self._chance)


def _entry(
    now_ms: int, link: tuple[bytes, bytes], visitor: Visitor, page: bytes, chance: random.Random
) -> Entry:
    short_code, target = link
    referrer = page if chance.random() < _REFERRED else b""
    values = {
        b"short_code": short_code,
        b"timestamp": b"%d" % (now_ms // 1000),
        b"ip": visitor.ip,
        b"user_agent": visitor.user_agent,
        b"referer": referrer,
        b"original_url": target,
        b"click_id": _click_id(now_ms, chance),
        b"host": b"go.example.com",
    }
    if visitor.language:
        values[b"accept_language"] = visitor.language
    return tuple(text for pair in values.items() for text in pair)


def _click_id(now_ms: int, chance: random.Random) -> bytes:
    """Return a UUIDv7 in hexadecimal digits (RFC 9562 §5.7)."""
    return b"%012x7%03x%016x" % (
        now_ms,
        chance.getrandbits(12),
        (1 << 63) | chance.getrandbits(62),
    )


def _link(number: int) -> tuple[bytes, bytes]:
    target = f"https://shop.example.com/p/{number}/?utm_source=newsletter&utm_campaign=autumn"
    return b"c%06d" % number, target.encode()


def _page(chance: random.Random) -> bytes:
    return f"https://{chance.choice(_SITES)}{chance.getrandbits(40):x}".encode()


def _visitor(chance: random.Random) -> Visitor:
    numbers = [str(chance.randrange(1, 224)), *(str(chance.getrandbits(8)) for _ in range(3))]
    ip = ".".join(numbers)
    if chance.random() < _ON_IPV6:
        ip = ":".join(["2a02", *(f"{chance.getrandbits(16):x}" for _ in range(7))])
    language = chance.choice(_LANGUAGES) if chance.random() < _SPEAKING else ""
    return Visitor(ip.encode(), _user_agent(chance).encode(), language.encode())


def _user_agent(chance: random.Random) -> str:
    version, kind = chance.randrange(100, 141), chance.random()
    if kind < 0.45:
        edge = f" Edg/{version}.0.0.0"
        return _CHROME.format(
            chance.choice(_DESKTOPS), version, "", edge if chance.random() < 0.2 else ""
        )
    if kind < 0.65:
        phone = f"Linux; Android {chance.randrange(9, 16)}; {chance.choice(_PHONES)}"
        return _CHROME.format(phone, version, "Mobile ", "")
    if kind < 0.87:
        system = chance.randrange(14, 19), chance.randrange(0, 8)
        browser = f"Version/{system[0]}.{system[1]} Mobile/15E148 Safari/604.1"
        app = f"Mobile/15E148 Instagram {chance.randrange(280, 340)}.0.0"
        return _IPHONE.format(*system, app if chance.random() < 0.2 else browser)
    if kind < 0.95:
        return (
            f"Mozilla/5.0 ({chance.choice(_DESKTOPS)}; rv:{version}.0) Gecko/20100101 "
            f"Firefox/{version}.0"
        )
    return chance.choice(BOTS)
