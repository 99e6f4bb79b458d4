"""Visits as Shlink lists them: of a short URL, a tag, the domain, or all; and how many there are.

Rule: a list goes back to the newest :data:`LISTED` visits, however many there are. ``totalItems``
      is how many there are; where they are more, ``bound`` says how many can be had, and
      ``pagesCount`` counts their pages alone. For the rest there are reports and exports.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar

import falcon

from app.console.api.rights import Rights
from app.console.shlink.protocol.countries import country_name
from app.console.shlink.protocol.parameters import Numbering, Parameters, written
from app.console.shlink.protocol.paths import is_former
from app.console.shlink.protocol.problems import InvalidData, ShlinkProblem
from app.console.shlink.speaking import Speaking, summary
from app.links.validation import InvalidLink, read_tag
from app.reports.reading.counts import ClickCount, count_clicks
from app.reports.reading.newest import Seen, Wanted, newest_clicks
from app.times import EPOCH

#: Visits that a list goes back to, and those of a page.
LISTED = 100_000
_PAGE = 5_000
#: How far ahead clocks of this machine's neighbours may be.
_AHEAD = timedelta(minutes=1)


class Visits(Speaking):
    """Lists visits."""

    def list_visits(
        self, req: falcon.Request, resp: falcon.Response, codes: Sequence[str] | None
    ) -> None:
        """Answer with a page of the visits of links, the newest first.

        Args:
            codes: of the links; None for all.

        Raises:
            InvalidData: naming the parameters that can't be used.
        """
        read = Parameters(req)
        numbering = read.numbering(size=_PAGE, most=_PAGE)
        since, until = read.since(), read.until()
        is_of_people, is_ours = read.flag("excludeBots"), self.is_ours(read.text("domain"))
        read.require()
        now = self.now()
        wanted = Wanted(codes, min(until or now + _AHEAD, now + _AHEAD), since, is_of_people)
        if not is_ours or (since and since >= wanted.until):
            wanted = Wanted((), wanted.until)
        question = (req.relative_uri, tuple(codes) if codes is not None else None)
        total, found = self.compute(req, question, lambda: self._read(wanted, numbering, now))
        resp.media = {
            "visits": {
                "data": [self._shown(visit) for visit in found],
                "pagination": numbering.describe(len(found), total, LISTED),
            }
        }

    def _read(
        self, wanted: Wanted, numbering: Numbering, now: datetime
    ) -> tuple[int, Sequence[Seen]]:
        count = count_clicks(
            self.reports, wanted.codes, now, since=wanted.since, until=wanted.until
        )
        total = count.humans if wanted.is_of_people else count.clicks
        most = min(numbering.size, LISTED - numbering.skipped)
        found = newest_clicks(
            self.reports, wanted, most=most, skipped=numbering.skipped, there=total
        )
        return total, found

    def _shown(self, visit: Seen) -> dict[str, object]:
        scheme = self._link_base.partition("://")[0]
        return {
            "referer": visit.referrer,
            "date": written(EPOCH + timedelta(milliseconds=visit.time_ms)),
            "userAgent": visit.user_agent,
            "visitLocation": _location(visit),
            "potentialBot": visit.is_bot,
            "visitedUrl": f"{scheme}://{visit.host or self.authority}/{visit.code}",
            "redirectUrl": visit.target,
        }


class ShortUrlVisits(Visits):
    """Visits of a short URL."""

    rights: ClassVar[Rights] = {"GET": "clicks:read", "DELETE": "links:write"}

    def on_get(self, req: falcon.Request, resp: falcon.Response, code: str) -> None:
        """List them."""
        self.list_visits(req, resp, [self.asked(req, code).code])

    on_head = on_get

    def on_delete(self, req: falcon.Request, _resp: falcon.Response, code: str) -> None:
        """Refuse to delete them."""
        self.asked(req, code)
        raise InvalidData({"visits": "visits are kept: hopline erase deletes what has to be"})


class TagVisits(Visits):
    """Visits of the short URLs with a tag."""

    rights: ClassVar[Rights] = {"GET": "clicks:read"}

    def on_get(self, req: falcon.Request, resp: falcon.Response, tag: str) -> None:
        """List them."""
        try:
            codes = self.tagged(req, [read_tag(tag)])
        except InvalidLink:
            codes = ()
        if not codes:
            raise ShlinkProblem(
                "tag-not-found", f'Tag with name "{tag}" could not be found', tag=tag
            )
        self.list_visits(req, resp, codes)

    on_head = on_get


class DomainVisits(Visits):
    """Visits of the short URLs of a domain."""

    rights: ClassVar[Rights] = {"GET": "clicks:read"}

    def on_get(self, req: falcon.Request, resp: falcon.Response, domain: str) -> None:
        """List them."""
        if not self.is_ours(domain):
            raise ShlinkProblem(
                "domain-not-found",
                f'Domain with authority "{domain}" could not be found',
                authority=domain,
            )
        self.list_visits(req, resp, self.visible(req))

    on_head = on_get


class AllVisits(Visits):
    """Visits of all short URLs."""

    rights: ClassVar[Rights] = {"GET": "clicks:read"}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List them."""
        self.list_visits(req, resp, self.visible(req))

    on_head = on_get


class OrphanVisits(Visits):
    """Visits of what is no short URL, which aren't recorded."""

    rights: ClassVar[Rights] = {"GET": "clicks:read", "DELETE": "links:write"}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List none."""
        self.list_visits(req, resp, ())

    on_head = on_get

    def on_delete(self, _: falcon.Request, resp: falcon.Response) -> None:
        """Delete none."""
        resp.media = {"deletedVisits": 0}


class VisitsOverview(Speaking):
    """How many visits there are."""

    rights: ClassVar[Rights] = {"GET": "stats:read"}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Count them."""
        codes, now = self.visible(req), self.now()
        count = self.compute(
            req, ("overview", codes), lambda: count_clicks(self.reports, codes, now)
        )
        visits: dict[str, object] = {
            "nonOrphanVisits": summary(count),
            "orphanVisits": summary(ClickCount()),
        }
        if is_former(req):
            visits |= {"visitsCount": count.clicks, "orphanVisitsCount": 0}
        resp.media = {"visits": visits}

    on_head = on_get


def _location(visit: Seen) -> dict[str, object] | None:
    """Return where a visit came from; None where that is unknown."""
    if not visit.country:
        return None
    return {
        "countryCode": visit.country,
        "countryName": country_name(visit.country),
        "regionName": visit.region,
        "cityName": visit.city,
        "latitude": None,
        "longitude": None,
        "timezone": None,
        "isEmpty": False,
    }
