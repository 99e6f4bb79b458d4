"""Page of who was no person: classes over time, reasons, and the rules with their modes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import falcon

from app.config.settings import Settings
from app.console.pages.questions.page import QuestionPage
from app.console.pages.reports.cards import Plan
from app.console.pages.reports.chart import chart_of, sparkline
from app.console.pages.reports.desk import ReportDesk, Told
from app.console.pages.reports.filtering import NAME, toggled
from app.console.pages.reports.panels import Asked
from app.console.pages.site.address import Address
from app.console.pages.site.rendering import Site
from app.console.pages.site.words import value_name
from app.reports.answer import Answer
from app.reports.filters import Condition, write
from app.reports.query import MAX_LIMIT, Query
from app.verdicts.judge import BETWEEN_REASONS, SHADOW
from app.verdicts.modes import read_modes
from app.verdicts.rule import DECISIVE, Mode, Rule
from app.verdicts.rules import RULES
from app.verdicts.visit import SUSPICION

PATH = "/bots"
#: Steps of a class whose clicks are told as figures, and the size of the line of all.
LAST = 3
WIDTH, HEIGHT = 220, 36
_PLANS = (
    Plan("classes", "Classes", ("verdict",)),
    Plan("names", "Names", ("bot",)),
    Plan("reasons", "Reasons", ("reasons",)),
)
#: What a reason weighs that was enforced; one in shadow has another name.
_WEIGHTS = {rule.name: rule.weight for rule in RULES}


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule, its mode, and the clicks of which it said something.

    Attributes:
        clicks: for which it is a reason.
        would: clicks that it only recorded, being in shadow, and that count as a person's as no
            other rule has decided.
    """

    rule: Rule
    mode: Mode
    clicks: int
    would: int
    href: Address

    @property
    def is_alone(self) -> bool:
        """Whether it would decide alone; else only together with others of some weight."""
        return self.rule.weight >= DECISIVE


@dataclass(frozen=True, slots=True)
class Class:
    """Who made clicks, over time: all of them as a line, and the last steps as figures."""

    name: str
    href: Address
    clicks: int
    points: str
    last: tuple[int, ...]


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
        self, req: falcon.Request, address: Address, asked: Asked, told: Told
    ) -> Mapping[str, Any]:
        """Return the rules, and the classes over time."""
        return {
            "rules": rule_lines(address, told.answer, self._modes),
            "own_networks": self._own_networks,
            **self._classes(req, address, asked.query),
        }

    def _classes(self, req: falcon.Request, address: Address, query: Query) -> Mapping[str, Any]:
        """Return the classes over time, and the last steps; none where ClickHouse tells nothing."""
        asked = replace(query, by=("verdict",), order="clicks", metrics=("humans",), compare=None)
        answer = self._desk.ask(req, asked, self._site.now(), has_timelines=True).answer
        return {
            "classes": classes_of(address, answer) if answer else (),
            "last_steps": chart_of(answer).steps[-LAST:] if answer else (),
        }


def classes_of(address: Address, answer: Answer) -> tuple[Class, ...]:
    """Return the classes of an answer whose values have timelines, that of most clicks first."""
    return tuple(
        Class(
            value_name(share.name, "verdict"),
            toggled(address, "verdict", share.name)[0],
            share.clicks,
            sparkline(share.timeline, WIDTH, HEIGHT),
            share.timeline[-LAST:],
        )
        for share in answer.breakdowns[0].top
    )


def rule_lines(
    address: Address, answer: Answer | None, modes: Mapping[str, Mode]
) -> list[RuleLine]:
    """Return every rule with its figures, in the order in which the rules decide."""
    clicks: Counter[str] = Counter()
    would: Counter[str] = Counter()
    for breakdown in answer.breakdowns if answer else ():
        if breakdown.by == "reasons":
            for share in breakdown.top:
                names = share.name.split(BETWEEN_REASONS)
                clicks.update(dict.fromkeys(names, share.clicks))
                if not _is_decided(names, modes):
                    would.update(dict.fromkeys(names, share.clicks))
    return [
        RuleLine(
            rule,
            modes[rule.name],
            clicks[rule.name],
            would[SHADOW + rule.name],
            address.toggled(NAME, write(Condition("reasons", "~", (rule.name,)))),
        )
        for rule in RULES
    ]


def _is_decided(reasons: Sequence[str], modes: Mapping[str, Mode]) -> bool:
    """Tell whether a click of these reasons is no person's already: who decides comes first."""
    weights = [_WEIGHTS.get(name, 0) for name in reasons]
    is_suspicion_enforced = modes[SUSPICION.name] == "enforcing"
    return weights[0] >= DECISIVE or (is_suspicion_enforced and sum(weights) >= DECISIVE)
