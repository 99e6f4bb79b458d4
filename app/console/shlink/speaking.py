"""Base of the resources of Shlink's interface: its one domain, links as it shows them, counts."""

import logging
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TypeVar
from urllib.parse import urlsplit

import falcon

from app.console.api.links.showing import Showing
from app.console.api.report_limiter import ReportLimiter
from app.console.api.rights import caller_of
from app.console.shlink.protocol.parameters import written
from app.console.shlink.protocol.paths import is_former
from app.console.shlink.protocol.problems import InvalidData, ShlinkProblem
from app.links.link import Link, LinkNotFound
from app.links.store import LinkStore
from app.links.tags import Tags
from app.reports.reading.counts import ClickCount, counts_by_link
from app.reports.reading.reader import Reports
from app.reports.scope import MAX_TAGGED
from app.stores.clickhouse.connection import ClickHouseError

logger = logging.getLogger(__name__)

#: What clients write for the domain that links have unless somebody chooses another.
DEFAULT = "DEFAULT"
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Installation:
    """What all resources share.

    Attributes:
        link_base: what stands before a code in a short URL.
        limiter: of the questions to ClickHouse.
    """

    links: LinkStore
    link_base: str
    reports: Reports
    limiter: ReportLimiter
    tags: Tags


class Speaking(Showing):
    """Answers as Shlink does."""

    def __init__(self, installation: Installation) -> None:
        super().__init__(installation.links, installation.link_base)
        self.reports = installation.reports
        self._limiter = installation.limiter
        self.tags = installation.tags
        #: Host, and port if there is one, of short URLs.
        self.authority = urlsplit(installation.link_base).netloc

    def is_ours(self, domain: object) -> bool:
        """Tell whether a domain is the one that links have; one that isn't named is."""
        return domain in (None, "", DEFAULT) or (
            isinstance(domain, str) and domain.lower() == self.authority.lower()
        )

    def asked(self, req: falcon.Request, code: str) -> Link:
        """Return the link that a request is about.

        Raises:
            ShlinkProblem: there is none for who asks, or not in the domain that is named.
        """
        domain = req.get_param("domain")
        try:
            if self.is_ours(domain):
                return self.seen_by(req, code)
        except LinkNotFound:
            domain = None
        where = {"domain": domain} if domain else {}
        suffix = f' for domain "{domain}"' if domain else ""
        raise ShlinkProblem(
            "short-url-not-found",
            f'No URL found with short code "{code}"{suffix}',
            shortCode=code,
            **where,
        )

    def compute(
        self, req: falcon.Request, question: Hashable, compute: Callable[[], _Answer]
    ) -> _Answer:
        """Return what ClickHouse answers, in turn with other questions.

        Raises:
            falcon.HTTPServiceUnavailable: there are too many, or it took too long.
            ClickHouseError: it doesn't do its part.
        """
        return self._limiter.answer(req, ("shlink", question), compute)

    def now(self) -> datetime:
        """Return the present."""
        return datetime.fromtimestamp(self.clock(), UTC)

    def shown(self, req: falcon.Request, links: Sequence[Link]) -> list[dict[str, object]]:
        """Return links as Shlink shows them, with their counts if they can be had."""
        counts, unknown = self._counts(req, [link.code for link in links])
        return [
            self._describe(
                link, summary(counts.get(link.code, ClickCount()), unknown), former=is_former(req)
            )
            for link in links
        ]

    def tagged(self, req: falcon.Request, tags: Iterable[str]) -> tuple[str, ...]:
        """Return the codes of links that carry one of some tags and are there for who asks.

        Args:
            tags: as links carry them.

        Raises:
            InvalidData: there are too many to ask about at once.
        """
        caller, found = caller_of(req), dict[str, None]()
        for tag in tags:
            carrying = list(islice(self.links.links.scan(tag=tag), MAX_TAGGED + 1))
            found.update((link.code, None) for link in carrying if caller.sees(link.tags))
            if max(len(carrying), len(found)) > MAX_TAGGED:
                raise InvalidData({"tag": f"more than {MAX_TAGGED} short URLs carry it"})
        return tuple(found)

    def visible(self, req: falcon.Request) -> tuple[str, ...] | None:
        """Return the codes of all links that are there for who asks; None for all there are."""
        tags = caller_of(req).tags
        return self.tagged(req, tags) if tags else None

    def _counts(
        self, req: falcon.Request, codes: Sequence[str]
    ) -> tuple[Mapping[str, ClickCount], str]:
        """Return the counts of links, and why there are none."""
        if not codes:
            return {}, ""
        if not caller_of(req).may("stats:read"):
            return {}, "the key lacks the scope stats:read"
        now = self.now()
        try:
            return self.compute(
                req, tuple(codes), lambda: counts_by_link(self.reports, codes, now)
            ), ""
        except (ClickHouseError, falcon.HTTPServiceUnavailable) as error:
            # Links are made and changed all the same.
            logger.warning("Short URLs are shown without their visits: %s", error)
            return {}, "ClickHouse doesn't answer as it should"

    def _describe(
        self, link: Link, visits: Mapping[str, object], *, former: bool
    ) -> dict[str, object]:
        until = link.expires_at
        described: dict[str, object] = {
            "shortUrl": self.short_url(link),
            "shortCode": link.code,
            "longUrl": link.target,
            "dateCreated": written(datetime.fromtimestamp(link.created_ms / 1000, UTC)),
            "tags": list(link.tags),
            "meta": {
                "validSince": None,
                "validUntil": written(datetime.fromtimestamp(until, UTC)) if until else None,
                "maxVisits": link.click_limit,
            },
            "domain": None,
            "title": link.title or None,
            "crawlable": False,
            "forwardQuery": link.forward_query,
            "hasRedirectRules": False,
            "visitsSummary": visits,
        }
        return {**described, "visitsCount": visits["total"]} if former else described


def summary(count: ClickCount, unknown: str = "") -> dict[str, object]:
    """Return counts as Shlink writes them.

    Args:
        unknown: why nothing is known, which the noughts then don't tell.
    """
    reason = {"unknown": unknown} if unknown else {}
    return {"total": count.clicks, "nonBots": count.humans, "bots": count.bots, **reason}
