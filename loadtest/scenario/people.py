"""People who visit: what real browsers and programs send."""

from random import Random

_BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like"
    " Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/141.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/18.6 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
    "Mozilla/5.0 (Linux; Android 15; SAMSUNG SM-S931B) AppleWebKit/537.36 (KHTML, like Gecko)"
    " SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
)
#: What crawlers and link previews call themselves.
BOTS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Twitterbot/1.0",
    "WhatsApp/2.23.20.0",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "curl/8.15.0",
)
_REFERERS = (
    "",
    "",
    "https://www.google.com/",
    "https://t.co/",
    "https://www.linkedin.com/feed/",
    "https://news.ycombinator.com/item?id=1",
    "https://mail.example.org/inbox?folder=1",
)
_LANGUAGES = ("en-US,en;q=0.9", "de-DE,de;q=0.9,en;q=0.7", "fr-FR,fr;q=0.9", "ja,en;q=0.8")


class People:
    """Makes up the header fields of visitors."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def browser(self) -> dict[str, str]:
        """Return what a person's browser sends at least."""
        return {"User-Agent": self._random.choice(_BROWSERS)}

    def bot(self) -> dict[str, str]:
        """Return what a crawler or a link preview sends."""
        return {"User-Agent": self._random.choice(BOTS)}

    def traveller(self) -> dict[str, str]:
        """Return all that a person's browser sends from anywhere, through one or two proxies."""
        fields = {
            **self.browser(),
            "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "Accept-Language": self._random.choice(_LANGUAGES),
            "X-Forwarded-For": self._forwarded_for(),
            "Sec-Fetch-Mode": "navigate",
        }
        if referer := self._random.choice(_REFERERS):
            fields["Referer"] = referer
        return fields

    def _forwarded_for(self) -> str:
        if self._random.random() < 0.1:
            return f"2a02:{self._random.getrandbits(16):x}::{self._random.getrandbits(16):x}"
        return f"10.0.0.7, {self._random.randint(11, 200)}.{self._random.getrandbits(8)}.7.1"
