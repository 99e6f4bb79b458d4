"""Attribution that tells of a click which source sent it, through which channel and campaign."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from publicsuffixlist import PublicSuffixList

from workers.enrich.source.campaign import Campaign
from workers.enrich.source.channel import channel
from workers.enrich.source.named_sources import NamedSources, Source, named_sources

#: What apps send as referrer, with the package or the number in Apple's store.
_ANDROID_APP = re.compile(r"android-app:/*([\w.]+)", re.ASCII)
_IOS_APP = re.compile(r"ios-app:/*([0-9]+)", re.ASCII)
_APPS = ("android-app:", "ios-app:")
_PATH = re.compile(r"[a-z]+:/*[^/?#]*([^?#]*)")
_SITES = 20_000
_COMBINED = 20_000


class Attribution(NamedTuple):
    """Where a click came from, in the columns' own bytes and order.

    Attributes:
        source: the name of a site, app or service; else what the campaign calls it; else the
            referrer's domain; '' for nothing.
        channel: as :func:`workers.enrich.source.channel.channel` names them.
        referrer_domain: what somebody could register, of the referrer's host.
        utm_source, utm_medium, utm_campaign, utm_term, utm_content, click_ids: as in
            :class:`~workers.enrich.source.campaign.Campaign`.
    """

    source: bytes
    channel: bytes
    referrer_domain: bytes
    utm_source: bytes
    utm_medium: bytes
    utm_campaign: bytes
    utm_term: bytes
    utm_content: bytes
    click_ids: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Referrer:
    """A page or app that visitors come from; all empty for none.

    Pages of a site are one object, which is equal to itself alone: to compare fields of those that
    are looked up for each click would take longer than the rest.

    Attributes:
        host: in bytes, as the column has it.
        domain: what somebody could register; '' for an app or an address.
        source: if it is a known one.
    """

    host: bytes
    domain: str
    source: Source | None


#: A referrer, a campaign, and the host that was asked.
Visit = tuple[Referrer, Campaign, bytes]


class Attributions:
    """Attributes clicks, by a table of sources and the list of public suffixes."""

    def __init__(self, sources: NamedSources | None = None) -> None:
        self._sources = sources or named_sources()
        self._suffixes = PublicSuffixList()
        # Pages of one site are one and the same.
        self._site = lru_cache(_SITES)(self._read_site)
        self._combined = _Combined(self._combine)

    def read_referrer(self, text: str, host: str) -> Referrer:
        """Return what is known of a referrer.

        Args:
            text: as the browser sent it.
            host: that in it, '' for none.
        """
        text = text.strip()
        if text.startswith(_APPS):
            return self._app(text, host)
        path = _PATH.match(text) if self._sources.has_parts(host) else None
        return self._site(host, path[1] if path else "")

    def all(self, visits: Iterable[Visit]) -> list[Attribution]:
        """Return the attributions of clicks, in their order."""
        return list(map(self._combined.__getitem__, visits))

    def _app(self, text: str, host: str) -> Referrer:
        found: Source | None = None
        if android := _ANDROID_APP.match(text):
            found = self._sources.of_app(android[1])
        elif apple := _IOS_APP.match(text):
            found = self._sources.of_ios_app(apple[1])
        return Referrer(host.encode(), "", found)

    def _read_site(self, host: str, path: str) -> Referrer:
        domain = self._suffixes.privatesuffix(host) if _is_name(host) else ""
        return Referrer(host.encode(), domain or "", self._sources.of_host(host, path))

    def _combine(self, referrer: Referrer, campaign: Campaign, asked_host: bytes) -> Attribution:
        host, domain, source = referrer.host.decode(), referrer.domain, referrer.source
        is_own = bool(host) and referrer.host == asked_host.partition(b":")[0]
        named = self._sources.of_word(campaign.source) if campaign.source else source
        said = channel(named, campaign, bool(host), is_own)
        name = named.name if named else campaign.source or domain or host
        return Attribution(*(text.encode() for text in (name, said, domain, *campaign)))


class _Combined(dict[Visit, Attribution]):
    """What referrer, campaign and host come to together, remembered within bounds."""

    def __init__(self, combine: Callable[[Referrer, Campaign, bytes], Attribution]) -> None:
        super().__init__()
        self._combine = combine

    def __missing__(self, visit: Visit) -> Attribution:
        if len(self) >= _COMBINED:
            self.clear()
        found = self[visit] = self._combine(*visit)
        return found


def _is_name(host: str) -> bool:
    """Tell a name, which has a domain, from an address."""
    return "." in host and not host.replace(".", "").isdigit() and ":" not in host
