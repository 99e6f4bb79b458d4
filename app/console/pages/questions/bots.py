"""Page of who was no person: classes over time, reasons, and the rules with their modes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import falcon

from app.config.settings import Settings
from app.console.pages.questions.page import QuestionPage
from app.console.pages.reports.cards import Plan
from app.console.pages.reports.desk import ReportDesk, Told
from app.console.pages.reports.filtering import NAME
from app.console.pages.reports.panels import Asked
from app.console.pages.site.address import Address
from app.console.pages.site.rendering import Site
from app.reports.answer import Answer
from app.reports.filters import Condition, write
from app.reports.query import MAX_LIMIT, Query
from app.verdicts.judge import SHADOW
from app.verdicts.modes import read_modes
from app.verdicts.rule import Mode, Rule
from app.verdicts.rules import RULES

PATH = "/bots"
_PLANS = (
    Plan("classes", "Classes", ("verdict",)),
    Plan("names", "Names", ("bot",)),
    Plan("reasons", "Reasons", ("reasons",)),
)


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule, its mode, and the clicks of which it said something.

    Attributes:
        clicks: for which it is a reason.
        would: clicks that it only recorded, being in shadow, and that would count otherwise.
    """

    rule: Rule
    mode: Mode
    clicks: int
    would: int
    href: Address


class BotsPage(QuestionPage):
    """Shows whom the rules take for no person, so that everybody can judge the rules."""

    path: ClassVar[str] = PATH
    template: ClassVar[str] = "bots.html"

    def __init__(self, site: Site, desk: ReportDesk, settings: Settings) -> None:
        super().__init__(site, desk)
        self._modes = read_modes(settings.rules)
        self._own_networks = tuple(str(network) for network in settings.own_networks)

    def plans(self, _address: Address) -> Sequence[Plan]:
        """Return its cards."""
        return _PLANS

    def query(self, _address: Address, query: Query) -> Query:
        """Ask for all that rules say together, of which there are many."""
        return replace(query, limit=MAX_LIMIT)

    def own(
        self, _req: falcon.Request, address: Address, _asked: Asked, told: Told
    ) -> Mapping[str, Any]:
        """Return the rules."""
        return {
            "rules": rule_lines(address, told.answer, self._modes),
            "own_networks": self._own_networks,
        }


def rule_lines(
    address: Address, answer: Answer | None, modes: Mapping[str, Mode]
) -> list[RuleLine]:
    """Return every rule with its figures, in the order in which the rules decide."""
    clicks: Counter[str] = Counter()
    for breakdown in answer.breakdowns if answer else ():
        if breakdown.by == "reasons":
            for share in breakdown.top:
                clicks.update(dict.fromkeys(share.name.split(","), share.clicks))
    return [
        RuleLine(
            rule,
            modes[rule.name],
            clicks[rule.name],
            clicks[SHADOW + rule.name],
            address.toggled(NAME, write(Condition("reasons", "~", (rule.name,)))),
        )
        for rule in RULES
    ]
