"""Actions of YOURLS that tell of short URLs: `expand`, `url-stats`, `stats` and `db-stats`."""

import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from app.console.yourls.answer import Answer, refusal
from app.console.yourls.asked import Asked, Shelf
from app.console.yourls.counts import Counts
from app.keys.caller import Caller
from app.links.link import Link

#: Links that `stats` looks at, start and limit together.
MOST = 1000
_NO_REPORT = "Need either XML or JSON format for stats"


class Reading:
    """Tells of short URLs; numbers are text, as a database of YOURLS hands them out.

    Every method that counts raises what :class:`app.console.yourls.counts.Counts` does.
    """

    def __init__(self, shelf: Shelf, counts: Counts) -> None:
        self._shelf = shelf
        self._counts = counts

    def expand(self, asked: Asked) -> Answer:
        """Tell where a short URL leads."""
        keyword = self._shelf.keyword(asked)
        link = self._shelf.seen(keyword, asked.caller)
        if link is None:
            error = {"message": "Error: short URL not found", "errorCode": 404}
            return Answer({"keyword": keyword, **error}, "not found")
        short_url = self._shelf.short_url(link)
        fields = {"keyword": link.code, "shorturl": short_url, "longurl": link.target}
        return Answer({**fields, "message": "success", "statusCode": 200}, link.target)

    def count_one(self, asked: Asked) -> Answer:
        """Tell of a short URL and its clicks."""
        link = self._shelf.seen(self._shelf.keyword(asked), asked.caller)
        if link is None:
            fields = {"statusCode": 404, "message": "Error: short URL not found"}
            return Answer(fields, _NO_REPORT)
        row = self._shelf.row(link, self._counts.of(asked.req, [link.code])[link.code])
        return Answer({"statusCode": 200, "message": "success", "link": row}, _NO_REPORT)

    def count_some(self, asked: Asked) -> Answer:
        """Tell of the short URLs with most or fewest clicks, of the last, or of any."""
        start, limit = asked.number("start"), asked.number("limit")
        if start + limit > MOST:
            return refusal(400, f"start and limit: at most {MOST} links together")
        found = self._ordered(asked, start + limit) if limit else iter(())
        rows = {
            f"link_{place}": self._shelf.row(link, clicks)
            for place, (link, clicks) in enumerate(islice(found, start, start + limit), 1)
        }
        links = {"links": rows} if rows else {}
        fields = {**links, "stats": self._total(asked), "statusCode": 200}
        return Answer({**fields, "message": "success"}, _NO_REPORT)

    def count_all(self, asked: Asked) -> Answer:
        """Tell how many short URLs and clicks there are."""
        fields = {"db-stats": self._total(asked), "statusCode": 200, "message": "success"}
        return Answer(fields, _NO_REPORT)

    def _total(self, asked: Asked) -> Mapping[str, str]:
        number, clicks = self._counts.total(asked.req, asked.caller.tags)
        return {"total_links": str(number), "total_clicks": str(clicks)}

    def _ordered(self, asked: Asked, most: int) -> Iterator[tuple[Link, int]]:
        order = asked.text("filter")
        if order == "last":
            return self._counted(asked, self._newest(asked.caller, most))
        pool = self._newest(asked.caller, MOST)
        if order in ("rand", "random"):
            # The order is nobody's secret.
            return self._counted(asked, random.sample(pool, len(pool))[:most])
        if order == "bottom":
            return iter(sorted(self._counted(asked, pool), key=lambda pair: pair[1]))
        return self._top(asked, pool, most)

    def _top(self, asked: Asked, others: Sequence[Link], most: int) -> Iterator[tuple[Link, int]]:
        clicks = self._counts.top(asked.req, asked.caller.tags, most)
        for code, count in clicks.items():
            if link := self._shelf.seen(code, asked.caller):
                yield link, count
        yield from ((link, 0) for link in others if link.code not in clicks)

    def _counted(self, asked: Asked, links: Sequence[Link]) -> Iterator[tuple[Link, int]]:
        clicks = self._counts.of(asked.req, [link.code for link in links])
        return ((link, clicks[link.code]) for link in links)

    def _newest(self, caller: Caller, most: int) -> list[Link]:
        tags: Sequence[str | None] = caller.tags or (None,)
        scans = (islice(self._shelf.links.links.scan(tag=tag), most) for tag in tags)
        found = {link.code: link for scan in scans for link in scan}
        return sorted(found.values(), key=lambda link: -link.created_ms)[:most]
