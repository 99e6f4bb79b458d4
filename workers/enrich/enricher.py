"""Enricher that turns clicks into rows, a column at a time."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from app.clicks.click import Clicks
from app.clicks.count_only import PROGRAM
from app.clicks.rows import Rows
from app.http.kept_address import (
    UNKNOWN,
    Kept,
    as_text,
    household,
    kept,
    origin,
    parse_address,
)
from app.verdicts.visit import COUNTED_PROGRAM, loaded_ahead
from workers.enrich.client_hints import NONE, ClientHints, read_client_hints, together
from workers.enrich.count_only import as_nobodys, without_visitors
from workers.enrich.language import preferred_language
from workers.enrich.memo import Memo
from workers.enrich.networks import kinds_of_asn
from workers.enrich.places.place import NOWHERE, Place
from workers.enrich.places.places import Places
from workers.enrich.referrer import own_host, referrer_host
from workers.enrich.source.attribution import Attribution, Attributions, Referrer
from workers.enrich.source.campaign import NO_CAMPAIGN, Campaign, query_of, read_campaign
from workers.enrich.traffic import Traffic
from workers.enrich.typical_user_agents import typical_user_agents
from workers.enrich.user_agent import UserAgents
from workers.enrich.verdicts import Told, Verdicts
from workers.enrich.visitor import Visitors

#: Answers kept for each question, some 10 MB each when full.
_CACHED = 30_000
#: Visitors' addresses repeat least, and an answer about one is small.
_CACHED_ORIGINS = 80_000
_CACHED_PLACES = 8_192
_CACHED_QUERIES = 1_024
#: Bytes that are looked at of a text, whoever wrote it: all of what our redirect keeps. A producer
#: may write eight times as many, which would take a consumer as much longer.
_READ_BYTES = 1024
#: Of a user agent, which more patterns are looked for in than in all else together. Of 180,000 that
#: people have collected one is longer, and says nothing more behind.
_READ_AGENT_BYTES = 512
_Agent = tuple[Any, ...]
#: Stands between a target and a visit's own parameters, and in none that a browser sends. Hints
#: as they are kept have none either, and stand before a user agent, which may.
_BETWEEN = b"\0"
#: Rules that clicks match that are only counted, by what their field holds.
_OF_COUNTED = {PROGRAM: (COUNTED_PROGRAM.name,)}


class Enricher:
    """Turns clicks into rows, by the tables that it is given.

    Each text is looked at once and then remembered, and columns are made whole: a click costs
    some 5 µs this way, and three to four times as much one by one.
    """

    def __init__(
        self,
        user_agents: UserAgents,
        verdicts: Verdicts,
        places: Places,
        visitors: Visitors,
        keep: Kept,
        traffic: Traffic | None = None,
    ) -> None:
        self._user_agents = user_agents
        self._verdicts = verdicts
        self._places = places
        self._visitors = visitors
        self._made_by = (verdicts.rules_version.encode(), verdicts.data_version.encode())
        self._keep = keep
        self._traffic = traffic
        self._agents = Memo(self._read_agent, _CACHED)
        self._hinting_agents = Memo(self._read_hinting_agent, _CACHED)
        self._hints = Memo(_read_hints, _CACHED)
        self._referrers = Memo(self._read_referrer, _CACHED)
        self._languages = Memo(_read_language, _CACHED)
        self._hosts = Memo(_read_host, _CACHED)
        self._targets = Memo(self._read_target, _CACHED)
        self._sources = Attributions()
        self._campaigns = Memo(_read_campaign, _CACHED)
        # Links of a campaign end alike.
        self._campaign_of_target = lru_cache(_CACHED_QUERIES)(_read_campaign)
        # One object for each place, not one for each address.
        self._in_bytes = lru_cache(_CACHED_PLACES)(_in_bytes)
        self._begin_places()

    def make_ready(self) -> None:
        """Do what the first clicks would have to wait for; takes 70 ms."""
        for user_agent in typical_user_agents():
            self._read_agent(user_agent)

    def enrich(self, clicks: Clicks, now_ms: int, matched: Sequence[tuple[str, ...]] = ()) -> Rows:
        """Return the rows of clicks, at least one, in their order.

        What :class:`Visitors`' ``salt_of`` raises goes through.

        Args:
            now_ms: the Unix time in milliseconds.
            matched: names of further rules that each click is known to match, if any is.
        """
        if not any(clicks.count_only):
            return self._enrich(clicks, now_ms, matched)
        return as_nobodys(self._enrich(without_visitors(clicks), now_ms, matched), clicks)

    def _enrich(self, clicks: Clicks, now_ms: int, matched: Sequence[tuple[str, ...]]) -> Rows:
        count = len(clicks.click_ids)
        hints = self._hints.all(clicks.client_hints)
        user_agents, browsers, versions, systems, system_versions, devices, programs, rules = zip(
            *self._agents_of(clicks, hints), strict=True
        )
        if self._places.look(now_ms):
            self._begin_places()
        stored, households, networks, places = _columns(self._origins.all(clicks.ips))
        referrers, referrer_hosts, known = _columns(self._referrers.all(clicks.referers))
        targets, campaigns = _columns(self._targets.all(clicks.original_urls))
        hosts = self._hosts.all(clicks.hosts)
        visitors = self._visitors.visitor_ids(clicks.times_ms, households, user_agents, now_ms)
        campaigns = self._with_own(campaigns, clicks)
        attributions = self._sources.all(zip(known, campaigns, hosts, strict=True))
        traffic = (
            self._traffic.look(clicks, households, visitors, attributions)
            if self._traffic
            else [()] * count
        )
        told = self._tell(clicks, _added(_kept_rules(rules, clicks), matched), networks, traffic)
        verdicts, reasons, names = zip(*told, strict=True)
        bots = _bots(names, programs)
        rules_version, data_version = self._made_by
        return Rows(
            click_id=clicks.click_ids,
            time=clicks.times_ms,
            short_code=clicks.short_codes,
            target=targets,
            ip=stored,
            visitor_id=visitors,
            **dict(zip(Place._fields, _columns(places), strict=True)),
            browser=browsers,
            os=systems,
            device=devices,
            is_bot=list(map(bool, bots)),
            bot=bots,
            referrer_host=referrer_hosts,
            referrer=referrers,
            user_agent=user_agents,
            host=hosts,
            language=self._languages.all(clicks.accept_languages),
            geo_version=[self._geo_version] * count,
            **dict(zip(Attribution._fields, _columns(attributions), strict=True)),
            browser_version=versions,
            os_version=system_versions,
            client_hints=hints,
            enriched_at=[now_ms] * count,
            verdict=verdicts,
            reasons=reasons,
            rules_version=[rules_version] * count,
            data_version=[data_version] * count,
        )

    def _tell(
        self,
        clicks: Clicks,
        rules: Sequence[tuple[str, ...]],
        networks: Sequence[tuple[str, ...]],
        traffic: Sequence[tuple[str, ...]],
    ) -> list[Told]:
        """Return what each click's evidence comes to; hardly any has a purpose or is marked."""
        purposes = [""] * len(rules)
        if any(clicks.purposes):
            purposes = [loaded_ahead(_start(purpose)) for purpose in clicks.purposes]
        own_devices = map(bool, clicks.owns)
        return self._verdicts.tell(
            zip(rules, purposes, networks, own_devices, traffic, strict=True)
        )

    def _begin_places(self) -> None:
        """Forget what databases have told that others have replaced."""
        self._origins = Memo(self._read_origin, _CACHED_ORIGINS)
        self._geo_version = self._places.version.encode()

    def _agents_of(self, clicks: Clicks, hints: Sequence[bytes]) -> list[_Agent]:
        if not any(hints):
            return self._agents.all(clicks.user_agents)
        pairs = zip(hints, clicks.user_agents, strict=True)
        return self._hinting_agents.all(list(map(_BETWEEN.join, pairs)))

    def _read_hinting_agent(self, told: bytes) -> _Agent:
        hints, _, raw = told.partition(_BETWEEN)
        return self._read_agent(raw, read_client_hints(hints.decode()))

    def _read_agent(self, raw: bytes, hints: ClientHints = NONE) -> _Agent:
        """Return the text, browser and system with versions, device, program and rules for it."""
        user_agent = _start(raw, _READ_AGENT_BYTES)
        rules, program = self._verdicts.read_agent(user_agent)
        told = together(self._user_agents.read(user_agent, bool(program)), hints)
        return raw, *(text.encode() for text in (*told, program)), rules

    def _read_origin(self, ip: bytes) -> tuple[Any, ...]:
        """Return what is stored of an address, its household, kinds of network and place."""
        address = parse_address(_start(ip))
        place = NOWHERE if address == UNKNOWN else self._places.place(as_text(origin(address)))
        networks = self._verdicts.networks_of(address) + kinds_of_asn(place.asn)
        return kept(address, self._keep), household(address), networks, self._in_bytes(place)

    def _read_referrer(self, raw: bytes) -> tuple[bytes, bytes, Referrer]:
        """Return the text itself, its host, and what is known of it."""
        text = _start(raw)
        host = referrer_host(text)
        return raw, host.encode(), self._sources.read_referrer(text, host)

    def _read_target(self, raw: bytes) -> tuple[bytes, Campaign]:
        """Return the text itself, which equal targets share this way, and its campaign."""
        query = query_of(raw)
        return raw, self._campaign_of_target(query) if query else NO_CAMPAIGN

    def _with_own(self, campaigns: Sequence[Campaign], clicks: Clicks) -> Sequence[Campaign]:
        """Return the campaigns of targets, and those of visits that say one themselves."""
        if not any(clicks.queries):
            return campaigns
        pairs = zip(map(query_of, clicks.original_urls), clicks.queries, strict=True)
        own = iter(self._campaigns.all([_BETWEEN.join(pair) for pair in pairs if pair[1]]))
        return [
            next(own) if query else campaign
            for campaign, query in zip(campaigns, clicks.queries, strict=True)
        ]


def _read_campaign(told: bytes) -> Campaign:
    """Return the campaign of a target's query, and of a visit's own behind it."""
    targets, _, query = told.partition(_BETWEEN)
    # A target is its owner's, and ends in what tells of a campaign.
    return read_campaign(targets.decode("utf-8", "ignore"), _start(query))


def _read_hints(field: bytes) -> bytes:
    return str(read_client_hints(_start(field))).encode()


def _read_host(host: bytes) -> bytes:
    return own_host(_start(host)).encode()


def _read_language(accept_language: bytes) -> bytes:
    return preferred_language(_start(accept_language)).encode()


def _start(raw: bytes, most_bytes: int = _READ_BYTES) -> str:
    """Return what is looked at of a text."""
    start = raw[:most_bytes]
    try:
        return start.decode()  # half as long as with a second word for errors
    except UnicodeDecodeError:
        return start.decode("utf-8", "ignore")


def _kept_rules(rules: Sequence[tuple[str, ...]], clicks: Clicks) -> Sequence[tuple[str, ...]]:
    """Return the rules that user agents match; of clicks that are only counted, what is told."""
    if not any(clicks.count_only):
        return rules
    # What they send is not looked at, and that nothing was sent says nothing.
    marks = zip(rules, clicks.count_only, strict=True)
    return [_OF_COUNTED.get(mark, ()) if mark else names for names, mark in marks]


def _added(
    rules: Sequence[tuple[str, ...]], matched: Sequence[tuple[str, ...]]
) -> Sequence[tuple[str, ...]]:
    if not any(matched):
        return rules
    return [one + other for one, other in zip(rules, matched, strict=True)]


def _bots(names: Sequence[bytes | None], programs: Sequence[bytes]) -> Sequence[bytes]:
    """Return what clicks are called that are no person's; '' for a person's."""
    return [
        program if name is None else name for name, program in zip(names, programs, strict=True)
    ]


def _in_bytes(place: Place) -> tuple[bytes, ...]:
    return tuple(map(str.encode, place))


def _columns(answers: Sequence[tuple[Any, ...]]) -> tuple[Sequence[Any], ...]:
    return tuple(zip(*answers, strict=True))
