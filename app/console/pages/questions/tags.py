"""Page that compares tags, and shows what came by which campaign."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import falcon

from app.console.api.rights import caller_of
from app.console.pages.questions.page import QuestionPage
from app.console.pages.reports.cards import Plan
from app.console.pages.reports.chart import sparkline
from app.console.pages.reports.desk import ReportDesk, Told
from app.console.pages.reports.panels import Asked
from app.console.pages.site.address import Address
from app.console.pages.site.rendering import Site
from app.links.precondition import Precondition
from app.links.tags import Tag, Tags
from app.reports.answer import Answer
from app.reports.query import BadQuery

PATH = "/tags"
#: Tags that are compared at once, each a report of its own.
MOST_COMPARED = 5
WIDTH, HEIGHT = 220, 36
_PLANS = (
    Plan("campaigns", "Campaigns", ("utm_campaign",)),
    Plan("sources", "Sources", ("utm_source", "source")),
    Plan("media", "Media", ("utm_medium", "channel")),
    Plan("links", "Links", ("link",)),
)


@dataclass(frozen=True, slots=True)
class Compared:
    """A tag beside others: its figures, and its clicks of people over time as a line.

    Attributes:
        answer: None where ClickHouse tells nothing.
        part: of the most visited one, from 0 to 1.
    """

    tag: Tag
    answer: Answer | None
    part: float
    points: str
    without: Address


class TagsPage(QuestionPage):
    """Compares tags."""

    path: ClassVar[str] = PATH
    template: ClassVar[str] = "tags.html"

    def __init__(self, site: Site, desk: ReportDesk, tags: Tags) -> None:
        super().__init__(site, desk)
        self._tags = tags

    def plans(self, _address: Address) -> Sequence[Plan]:
        """Return its cards: what was clicked by campaign, source and medium."""
        return _PLANS

    def own(
        self, req: falcon.Request, address: Address, asked: Asked, _told: Told
    ) -> Mapping[str, Any]:
        """Return the tags, and those that are compared."""
        caller = caller_of(req)
        if not caller.may("links:read"):
            return {"tags": (), "compared": (), "chosen": (), "most": MOST_COMPARED}
        tags = self._tags.all(Precondition(tags=caller.tags))
        chosen = choose(tags, address.all("with"))
        answers = [self._ask(req, tag, asked) for tag in chosen]
        most = max((answer.figures.humans for answer in answers if answer), default=0)
        return {
            "tags": sorted(tags, key=lambda tag: (-tag.links, tag.name)),
            "compared": [
                _compared(address, chosen, tag, answer, most)
                for tag, answer in zip(chosen, answers, strict=True)
            ],
            "chosen": {tag.name for tag in chosen},
            "most": MOST_COMPARED,
        }

    def _ask(self, req: falcon.Request, tag: Tag, asked: Asked) -> Answer | None:
        query = replace(asked.query, tag=tag.name, by=("link",), limit=1)
        return self._desk.ask(req, query, self._site.now()).answer


def choose(tags: Sequence[Tag], names: Sequence[str]) -> list[Tag]:
    """Return the tags that are compared: those that are named, or those of most links.

    Raises:
        BadQuery: there is none of that name, or too many are named.
    """
    if not names:
        return sorted(tags, key=lambda tag: (-tag.links, tag.name))[:MOST_COMPARED]
    if len(names) > MOST_COMPARED:
        raise BadQuery("with", f"at most {MOST_COMPARED} tags are compared, not {len(names)}")
    known = {tag.name: tag for tag in tags}
    for name in names:
        if name not in known:
            raise BadQuery("with", f"no link has the tag {name!r}")
    return [known[name] for name in names]


def _compared(
    address: Address, chosen: Sequence[Tag], tag: Tag, answer: Answer | None, most: int
) -> Compared:
    others = [each.name for each in chosen if each.name != tag.name]
    without = address.with_(**{"with": None})
    for name in others:
        without = without.toggled("with", name)
    humans = answer.figures.humans if answer else 0
    timeline = answer.timeline if answer else ()
    points = sparkline([bucket.figures.humans for bucket in timeline], WIDTH, HEIGHT)
    return Compared(tag, answer, humans / most if most else 0.0, points, without)
