from typing import NamedTuple

from app.bots import Bots
from app.click import Click
from workers.enrich.address import Kept, household, kept, parse_address
from workers.enrich.bot import loaded_ahead
from workers.enrich.browser import Browsers
from workers.enrich.device import device_class
from workers.enrich.language import preferred_language
from workers.enrich.memo import memoised
from workers.enrich.place import Places
from workers.enrich.source import own_host, referrer_host
from workers.enrich.visitor import Visitors
from workers.row import Row

#: Answers kept for each question, some 10 MB each when full.
_CACHED = 20_000


class _Agent(NamedTuple):
    browser: str
    os: str
    device: str
    crawler: str


class _Origin(NamedTuple):
    stored: bytes
    household: bytes
    country: str


class Enricher:
    """Turns a click into a row, by the tables that it is given."""

    def __init__(
        self, browsers: Browsers, bots: Bots, places: Places, visitors: Visitors, keep: Kept
    ) -> None:
        self._browsers = browsers
        self._bots = bots
        self._places = places
        self._visitors = visitors
        self._keep = keep
        self._agent = memoised(self._read_agent, _CACHED)
        self._origin = memoised(self._read_origin, _CACHED)
        self._referrer_host = memoised(referrer_host, _CACHED)
        self._language = memoised(preferred_language, _CACHED)

    def enrich(self, click: Click, now_ms: int) -> Row:
        """Return the click's row; ``now_ms`` is the Unix time in milliseconds.

        What :class:`Visitors`' ``salt_of`` raises goes through.
        """
        agent = self._agent(click.user_agent)
        origin = self._origin(click.ip)
        bot = agent.crawler or loaded_ahead(click.purpose)
        time_ms = click.time_ms
        visitor_id = self._visitors.visitor_id(time_ms, origin.household, click.user_agent)
        return Row(
            click_id=click.click_id,
            time=time_ms,
            short_code=click.short_code,
            target=click.original_url,
            ip=origin.stored,
            visitor_id=visitor_id,
            country=origin.country,
            browser=agent.browser,
            os=agent.os,
            device=agent.device,
            is_bot=bool(bot),
            bot=bot,
            referrer_host=self._referrer_host(click.referer),
            referrer=click.referer,
            user_agent=click.user_agent,
            host=own_host(click.host),
            language=self._language(click.accept_language),
            geo_version=self._places.version,
            enriched_at=now_ms,
        )

    def _read_agent(self, user_agent: str) -> _Agent:
        crawler = self._bots.name(user_agent)
        device = "bot" if crawler else device_class(user_agent)
        return _Agent(*self._browsers.read(user_agent), device, crawler)

    def _read_origin(self, ip: str) -> _Origin:
        address = parse_address(ip)
        return _Origin(kept(address, self._keep), household(address), self._places.country(address))
