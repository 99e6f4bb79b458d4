"""Attribution that tells of a click which source sent it, through which channel and campaign."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from publicsuffixlist import PublicSuffixList

from workers.enrich.source.campaign import NO_CAMPAIGN, Campaign
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


@dataclass(frozen=True, slots=True)
class Referrer:
    """A page or app that visitors come from; all empty for none.

    Attributes:
        host: in bytes, as the column has it.
        domain: what somebody could register; '' for an app or an address.
        source: if it is a known one.
        alone: the attribution of clicks of which nothing else is known.
    """

    host: bytes
    domain: str
    source: Source | None
    alone: Attribution


class Attributions:
    """Attributes clicks, by a table of sources and the list of public suffixes."""

    def __init__(self, sources: NamedSources | None = None) -> None:
        self._sources = sources or named_sources()
        self._suffixes = PublicSuffixList()
        # Pages of one site are one and the same.
        self._site = lru_cache(_SITES)(self._read_site)
        self._combine = lru_cache(_COMBINED)(self._read_combined)

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

    def of(self, referrer: Referrer, campaign: Campaign, is_own: bool) -> Attribution:
        """Return the attribution of a click.

        Args:
            is_own: whether the referrer is a page of ours.
        """
        if campaign is NO_CAMPAIGN and not is_own:
            return referrer.alone
        told = (referrer.host.decode(), referrer.domain, referrer.source)
        return self._combine(*told, campaign, is_own)

    def _app(self, text: str, host: str) -> Referrer:
        found: Source | None = None
        if android := _ANDROID_APP.match(text):
            found = self._sources.of_app(android[1])
        elif apple := _IOS_APP.match(text):
            found = self._sources.of_ios_app(apple[1])
        return self._referrer(host, "", found)

    def _read_site(self, host: str, path: str) -> Referrer:
        domain = self._suffixes.privatesuffix(host) if _is_name(host) else ""
        return self._referrer(host, domain or "", self._sources.of_host(host, path))

    def _referrer(self, host: str, domain: str, source: Source | None) -> Referrer:
        alone = self._read_combined(host, domain, source, NO_CAMPAIGN, is_own=False)
        return Referrer(host.encode(), domain, source, alone)

    def _read_combined(
        self, host: str, domain: str, source: Source | None, campaign: Campaign, is_own: bool
    ) -> Attribution:
        named = self._sources.of_word(campaign.source) if campaign.source else source
        said = channel(named, campaign, bool(host), is_own)
        name = named.name if named else campaign.source or domain or host
        return Attribution(*(text.encode() for text in (name, said, domain, *campaign)))


def _is_name(host: str) -> bool:
    """Tell a name, which has a domain, from an address."""
    return "." in host and not host.replace(".", "").isdigit() and ":" not in host
