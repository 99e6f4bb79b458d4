"""Made-up visits for `hopline up --demo`: who comes, from where, with which browser.

The addresses are drawn from real networks, so that the country database knows them; nobody is
contacted, they only stand in a header.
"""

import random
from dataclasses import dataclass
from ipaddress import ip_network

import crawleruseragents

from app.local.demo_links import LINKS, DemoLink

_CHROME = "(KHTML, like Gecko) Chrome/{0} Safari/537.36"
_MOBILE_CHROME = "(KHTML, like Gecko) Chrome/{0} Mobile Safari/537.36"
_SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{0} Safari/605.1.15"
_MOBILE_SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{0} Mobile/15E148 Safari/604.1"
_WEBKIT = "AppleWebKit/537.36 "
_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) "
_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) "
_LINUX = "Mozilla/5.0 (X11; Linux x86_64) "
_CHROME_OS = "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) "
_ANDROID = "Mozilla/5.0 (Linux; Android 10; K) "
_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS {0} like Mac OS X) "
_IPAD = "Mozilla/5.0 (iPad; CPU OS {0} like Mac OS X) "
_GECKO = "Gecko/20100101 Firefox/{0}"

_USER_AGENTS = (
    *(_WINDOWS + _WEBKIT + _CHROME.format(v) for v in ("141.0.0.0", "142.0.0.0", "143.0.0.0")),
    *(_MAC + _WEBKIT + _CHROME.format(v) for v in ("142.0.0.0", "143.0.0.0")),
    _LINUX + _WEBKIT + _CHROME.format("142.0.0.0"),
    _CHROME_OS + _WEBKIT + _CHROME.format("141.0.0.0"),
    *(_ANDROID + _WEBKIT + _MOBILE_CHROME.format(v) for v in ("141.0.0.0", "142.0.0.0")),
    _ANDROID + _WEBKIT + _CHROME.format("142.0.0.0"),
    *(_MAC + _SAFARI.format(v) for v in ("17.6", "18.6", "26.1")),
    *(_IPHONE.format("18_6") + _MOBILE_SAFARI.format(v) for v in ("18.5", "18.6", "26.0", "26.1")),
    _IPHONE.format("17_7") + _MOBILE_SAFARI.format("17.7"),
    _IPAD.format("18_6") + _MOBILE_SAFARI.format("18.6"),
    _IPHONE.format("18_6")
    + "AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0.7444.77 Mobile/15E148 Safari/604.1",
    _IPHONE.format("18_6")
    + "AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/144.0 Mobile/15E148 Safari/605.1.15",
    *(
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:{v}) {_GECKO.format(v)}"
        for v in ("140.0", "144.0", "145.0")
    ),
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:144.0) {_GECKO.format('144.0')}",
    f"Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:144.0) {_GECKO.format('144.0')}",
    "Mozilla/5.0 (Android 15; Mobile; rv:144.0) Gecko/144.0 Firefox/144.0",
    *(
        _WINDOWS + _WEBKIT + _CHROME.format(v) + f" Edg/{v}"
        for v in ("140.0.0.0", "141.0.0.0", "142.0.0.0")
    ),
    _MAC + _WEBKIT + _CHROME.format("142.0.0.0") + " Edg/142.0.0.0",
    _WINDOWS + _WEBKIT + _CHROME.format("140.0.0.0") + " OPR/124.0.0.0",
    _ANDROID + _WEBKIT + _MOBILE_CHROME.format("139.0.0.0") + " OPR/92.0.0.0",
    "Mozilla/5.0 (Linux; Android 15; SM-S928B) AppleWebKit/537.36 (KHTML, like Gecko)"
    " SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 14; SM-A546B) AppleWebKit/537.36 (KHTML, like Gecko)"
    " SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UQ1A; wv) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Version/4.0 Chrome/142.0.0.0 Mobile Safari/537.36 Instagram 401.0.0.0",
    _LINUX + _WEBKIT + _CHROME.format("142.0.0.0") + " Vivaldi/7.6.3797.58",
    "Mozilla/5.0 (SMART-TV; LINUX; Tizen 8.0) AppleWebKit/537.36 (KHTML, like Gecko)"
    " 94.0.4606.31/8.0 TV Safari/537.36",
)

_BOTS = (
    "Googlebot\\/",
    "bingbot",
    "Twitterbot",
    "facebookexternalhit",
    "GPTBot",
    "AhrefsBot",
    "Applebot",
    "Slackbot",
    "UptimeRobot",
    "ChatGPT-User",
    "PerplexityBot\\/",
    "^curl",
)

#: Language, network and hours from UTC of a place; larger ones stand more than once below.
_PLACES = (
    *(("en-US,en;q=0.9", "129.120.0.0/16", -6), ("en-US", "138.56.0.0/15", -5)) * 3,
    *(("de-DE,de;q=0.9,en;q=0.7", "129.206.0.0/16", 1), ("de", "134.130.0.0/16", 1)) * 2,
    *(("en-GB,en;q=0.9", "31.80.0.0/13", 0), ("en-IN,hi;q=0.8", "49.248.0.0/15", 5)) * 2,
    *(("fr-FR,fr;q=0.9", "134.59.0.0/16", 1), ("pt-BR,pt;q=0.9", "201.6.0.0/16", -3)) * 2,
    ("ja", "124.255.0.0/16", 9),
    ("en-CA,fr-CA;q=0.6", "66.183.0.0/16", -8),
    ("en-AU", "210.50.0.0/16", 10),
    ("nl-NL,nl;q=0.9", "94.168.0.0/14", 1),
    ("es-ES,es;q=0.9", "147.83.0.0/16", 1),
    ("it-IT,it;q=0.9", "37.159.0.0/16", 1),
    ("pl-PL,pl;q=0.9", "153.19.0.0/16", 1),
    ("sv-SE", "130.235.0.0/16", 1),
    ("es-MX", "201.136.0.0/15", -6),
    ("en-ZA", "160.122.0.0/15", 2),
    ("en-NG", "197.210.0.0/16", 1),
    ("en-KE,sw;q=0.5", "197.248.0.0/16", 3),
    ("ar-EG,ar;q=0.9", "41.232.0.0/13", 2),
    ("tr-TR,tr;q=0.9", "85.104.0.0/14", 3),
    ("id-ID", "182.0.0.0/12", 7),
    ("vi-VN", "14.160.0.0/11", 7),
    ("ko-KR,ko;q=0.9", "222.96.0.0/12", 9),
    ("es-AR", "181.44.0.0/14", -3),
    ("uk-UA,uk;q=0.9", "46.118.0.0/15", 2),
    ("de-CH,fr-CH;q=0.7", "178.82.0.0/16", 1),
    ("fi-FI", "82.181.0.0/16", 2),
    ("nb-NO", "92.220.0.0/15", 1),
    ("en-NZ", "138.211.0.0/16", 12),
)

_SHARES = [link.share for link in LINKS]
_BOT_SHARE = 0.08
_RETURNING_SHARE = 0.25
_REMEMBERED_VISITORS = 200


@dataclass(frozen=True, slots=True)
class Visitor:
    """One browser at one address; an empty language is not sent."""

    address: str
    user_agent: str
    language: str
    utc_offset_hours: int = 0


@dataclass(frozen=True, slots=True)
class Visit:
    """One request for a link; an empty referrer is not sent."""

    link: DemoLink
    visitor: Visitor
    referrer: str

    def path(self) -> str:
        """Return what is asked for, with the campaign that the address was given out with."""
        return f"/{self.link.code}" + (self.link.query and f"?{self.link.query}")

    def headers(self) -> dict[str, str]:
        """Return the request's headers, as a proxy in front of the redirect would send them.

        Browsers name languages, and say that a person navigates; programs do neither.
        """
        named = {
            "User-Agent": self.visitor.user_agent,
            "X-Forwarded-For": self.visitor.address,
            "Accept-Language": self.visitor.language,
            "Sec-Fetch-Mode": self.visitor.language and "navigate",
            "Referer": self.referrer,
        }
        return {name: value for name, value in named.items() if value}


class Crowd:
    """Makes up visits, some of them by visitors who were there before."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._bots = _bot_user_agents()
        self._networks = {network: ip_network(network) for _, network, _ in _PLACES}
        self._visitors: list[Visitor] = []

    def visit(self, link: DemoLink | None = None) -> Visit:
        """Return the next visit, of a link by its share unless one is given."""
        if link is None:
            link = self._chance.choices(LINKS, _SHARES)[0]
        ways, weights = zip(*link.ways, strict=True)
        (way,) = self._chance.choices(ways, weights)
        (referrer,) = self._chance.choices(tuple(way), tuple(way.values()))
        return Visit(link, self._visitor(), referrer)

    def _visitor(self) -> Visitor:
        if self._visitors and self._chance.random() < _RETURNING_SHARE:
            return self._chance.choice(self._visitors)
        visitor = self._newcomer()
        self._visitors = [*self._visitors[1 - _REMEMBERED_VISITORS :], visitor]
        return visitor

    def _newcomer(self) -> Visitor:
        language, network, utc_offset_hours = self._chance.choice(_PLACES)
        address = self._address_in(network)
        if self._chance.random() < _BOT_SHARE:
            return Visitor(address, self._chance.choice(self._bots), "", utc_offset_hours)
        return Visitor(address, self._chance.choice(_USER_AGENTS), language, utc_offset_hours)

    def _address_in(self, network: str) -> str:
        wide = self._networks[network]
        return str(wide[self._chance.randrange(1, wide.num_addresses - 1)])


def _bot_user_agents() -> list[str]:
    known = crawleruseragents.CRAWLER_USER_AGENTS_DATA
    return [bot["instances"][-1] for bot in known if bot["pattern"] in _BOTS and bot["instances"]]
