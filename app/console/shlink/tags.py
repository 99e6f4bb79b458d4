"""Tags as Shlink lists, counts, renames and deletes them: each is that of some short URLs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

import falcon

from app.console.api.rights import Rights, caller_of
from app.console.shlink.protocol.bodies import read_body
from app.console.shlink.protocol.parameters import Parameters
from app.console.shlink.protocol.paths import is_former
from app.console.shlink.protocol.problems import InvalidData, ShlinkProblem
from app.console.shlink.speaking import Speaking, summary
from app.links.link import LinkContended
from app.links.many import Outcome
from app.links.precondition import Precondition
from app.links.tags import TagKept, TagNotFound, Tags, TagTaken
from app.links.validation import InvalidLink, read_tag
from app.reports.reading.counts import ClickCount, counts_by_link

#: Tags of a page, and short URLs whose visits are counted for one.
_MOST, _COUNTED = 10_000, 10_000
_ORDERS = (
    *("tag-ASC", "tag-DESC", "shortUrlsCount-ASC", "shortUrlsCount-DESC"),
    *("visits-ASC", "visits-DESC", "nonBotVisits-ASC", "nonBotVisits-DESC"),
    *("visitsCount-ASC", "visitsCount-DESC", "tag", "shortUrlsCount", "visits", "nonBotVisits"),
)


class AllTags(Speaking):
    """All tags that short URLs carry."""

    def find(self, req: falcon.Request, text: str) -> list[str]:
        """Return the tags of short URLs that are there for who asks, by name.

        Args:
            text: that stands in them.
        """
        found = self.tags.all(Precondition(tags=caller_of(req).tags))
        return [tag.name for tag in found if text.lower() in tag.name]


class TagNames(AllTags):
    """The names of tags."""

    rights: ClassVar[Rights] = {"GET": "links:read", "PUT": "links:write", "DELETE": "links:write"}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List them."""
        read = Parameters(req)
        text = read.text("searchTerm").strip()
        numbering = read.numbering(size=_MOST, most=_MOST)
        read.require()
        found = self.find(req, text)
        page = found[numbering.skipped : numbering.skipped + numbering.size]
        resp.media = {
            "tags": {"data": page, "pagination": numbering.describe(len(page), len(found))}
        }

    on_head = on_get

    def on_put(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Rename one; what was interrupted goes on when it is repeated.

        Raises:
            ShlinkProblem: there is none of the name, the other one is there, or not for this key.
            InvalidData: naming what is no tag's name.
        """
        body = read_body(req)
        given = {name: body.get(name) for name in ("oldName", "newName")}
        texts = {name: value for name, value in given.items() if isinstance(value, str) and value}
        if len(texts) < len(given):
            raise InvalidData(
                {name: "it is missing, or no text" for name in given if name not in texts}
            )
        old, new = texts["oldName"], texts["newName"]
        try:
            if read_tag(old) != read_tag(new):
                self._finish(self._as_caller(req).rename(old, new, self._only(req)))
        except InvalidLink as error:
            name = "newName" if "name" in error.faults else "oldName"
            raise InvalidData({name: next(iter(error.faults.values()))}) from None
        except TagNotFound:
            raise ShlinkProblem(
                "tag-not-found", f'Tag with name "{old}" could not be found', tag=old
            ) from None
        except TagTaken:
            raise ShlinkProblem(
                "tag-conflict",
                f"You cannot rename tag {old} to {new}, because it already exists",
                **given,
            ) from None
        except TagKept as error:
            raise ShlinkProblem("forbidden-tag-operation", f"{error}") from None
        resp.status = falcon.HTTP_204

    def on_delete(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Take some off all short URLs.

        Raises:
            ShlinkProblem: not for this key.
        """
        for tag in Parameters(req).texts("tags"):
            try:
                self._finish(self._as_caller(req).remove(tag, self._only(req)))
            except (InvalidLink, TagNotFound):
                # No short URL carries it, and that is what was asked for.
                continue
            except TagKept as error:
                raise ShlinkProblem("forbidden-tag-operation", f"{error}") from None
        resp.status = falcon.HTTP_204

    def _as_caller(self, req: falcon.Request) -> Tags:
        return self.tags.by(self.as_caller(req, "shlink"))

    def _only(self, req: falcon.Request) -> Precondition:
        return Precondition(tags=caller_of(req).tags)

    def _finish(self, outcomes: Iterable[Outcome]) -> None:
        """Have a change carried out.

        Raises:
            LinkContended: others kept changing some links, which are as they were.
        """
        if refused := [one.code for one in outcomes if one.kind == "refused"]:
            raise LinkContended(f"others kept changing {len(refused)} short URLs: try again")


class TagsStats(AllTags):
    """Tags with how many short URLs carry them, and how often those were visited."""

    rights: ClassVar[Rights] = {"GET": "stats:read"}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List them."""
        read = Parameters(req)
        order = read.order(_ORDERS)
        text = read.text("searchTerm").strip()
        numbering = read.numbering(size=_MOST, most=_MOST)
        read.require()
        tags = self.find(req, text)
        shown = slice(numbering.skipped, numbering.skipped + numbering.size)
        if order.startswith("tag"):
            page = self._stats(req, sorted(tags, reverse=order == "tag-DESC")[shown])
        else:
            page = sorted(self._stats(req, tags), key=_key(order), reverse=order.endswith("-DESC"))[
                shown
            ]
        resp.media = {
            "tags": {"data": page, "pagination": numbering.describe(len(page), len(tags))}
        }

    on_head = on_get

    def _stats(self, req: falcon.Request, tags: Sequence[str]) -> list[dict[str, object]]:
        codes = self._carriers(req, tags)
        every = tuple(sorted({code for each in codes.values() for code in each}))
        now = self.now()
        counts = self.compute(
            req, ("tags", every), lambda: counts_by_link(self.reports, every, now)
        )
        return [
            _described(tag, len(codes[tag]), _sum(counts, codes[tag]), former=is_former(req))
            for tag in tags
        ]

    def _carriers(self, req: falcon.Request, tags: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Return by tag the codes of the short URLs that carry it.

        Raises:
            InvalidData: there are too many to count their visits.
        """
        caller, codes, every = caller_of(req), dict[str, list[str]](), set[str]()
        for tag in tags:
            codes[tag] = []
            for link in self.links.links.scan(tag=tag):
                if caller.sees(link.tags):
                    codes[tag].append(link.code)
                    every.add(link.code)
                if len(every) > _COUNTED:
                    fault = f"more than {_COUNTED} short URLs can't be counted: ask for less"
                    raise InvalidData({"itemsPerPage": fault})
        return codes


def _described(tag: str, links: int, count: ClickCount, *, former: bool) -> dict[str, object]:
    described = {"tag": tag, "shortUrlsCount": links, "visitsSummary": summary(count)}
    return {**described, "visitsCount": count.clicks} if former else described


def _sum(counts: Mapping[str, ClickCount], codes: Sequence[str]) -> ClickCount:
    found = [counts[code] for code in codes if code in counts]
    return ClickCount(sum(each.humans for each in found), sum(each.bots for each in found))


def _key(order: str) -> Callable[[Mapping[str, Any]], int]:
    field = order.partition("-")[0]
    if field == "shortUrlsCount":
        return lambda each: int(each["shortUrlsCount"])
    kind = "nonBots" if field == "nonBotVisits" else "total"
    return lambda each: int(each["visitsSummary"][kind])
