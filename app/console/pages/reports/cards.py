"""Cards of a page: breakdowns, each with tabs that choose by what, and rows that are filters."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from app.console.pages.reports.filtering import toggled
from app.console.pages.site.address import Address
from app.console.pages.site.words import DIMENSION_NAMES, value_name
from app.reports.answer import Answer, Breakdown, Share
from app.reports.filters import Dimension
from app.reports.query import BadQuery

#: Parameter that names the cards of which more is shown, and how much more; the map shows as much.
MORE = "more"
ROWS = 100
_SHOWN = 8
#: What people call what a breakdown counts.
_COUNTED = {
    "humans": "clicks of people",
    "bots": "clicks of bots",
    "clicks": "all clicks",
    "": "clicks",
}
#: Verdicts that count as people, and so are none of the bots' classes.
_PEOPLE = ("person", "suspicious")


@dataclass(frozen=True, slots=True)
class Plan:
    """A card: the parameter that chooses its tab, its title, and the tabs."""

    key: str
    title: str
    tabs: tuple[Dimension, ...]

    def chosen(self, address: Address) -> Dimension:
        """Return by what an address has the card broken down.

        Raises:
            BadQuery: by something that is none of its tabs.
        """
        text = address.first(self.key, self.tabs[0])
        for tab in self.tabs:
            if tab == text:
                return tab
        raise BadQuery(self.key, f"{text!r} is none of {', '.join(self.tabs)}")


LINKS = Plan("links", "Top links", ("link", "target"))
SOURCES = Plan(
    "sources", "Sources", ("channel", "source", "referrer", "utm_campaign", "utm_source")
)
PLACES = Plan("places", "Places", ("country", "region", "city", "language", "asn"))
DEVICES = Plan("devices", "Devices", ("device", "browser", "os"))
BOTS = Plan("bots", "Bots", ("verdict", "bot"))
TARGETS = Plan("targets", "Targets", ("target", "host"))


@dataclass(frozen=True, slots=True)
class Row:
    """A value, its clicks, and where a click on it leads.

    Attributes:
        part: of the longest row, from 0 to 1, for its bar.
    """

    value: str
    name: str
    clicks: int
    before: int | None
    share: float
    part: float
    href: Address
    is_on: bool


@dataclass(frozen=True, slots=True)
class MapStep:
    """A country on the map, and how dark it is, from 1 to 5."""

    code: str
    name: str
    clicks: int
    step: int
    href: Address


@dataclass(frozen=True, slots=True)
class CardTab:
    """A tab of a card."""

    name: str
    href: Address
    is_on: bool


@dataclass(frozen=True, slots=True)
class Card:
    """A breakdown as a page shows it."""

    key: str
    title: str
    by: Dimension
    counted: str
    tabs: tuple[CardTab, ...]
    rows: tuple[Row, ...]
    others: int
    others_share: float
    more: Address | None
    is_whole: bool
    world: tuple[MapStep, ...]

    @property
    def heading(self) -> str:
        """What its first column is called."""
        return DIMENSION_NAMES[self.by]


def dimensions(plans: Sequence[Plan], address: Address) -> tuple[Dimension, ...]:
    """Return by what the cards of a page are broken down.

    Raises:
        BadQuery: an address chooses a tab that a card hasn't.
    """
    return tuple(dict.fromkeys(plan.chosen(address) for plan in plans))


def cards(plans: Sequence[Plan], address: Address, answer: Answer | None) -> list[Card]:
    """Return the cards of a page; without an answer they are empty."""
    found = {each.by: each for each in answer.breakdowns} if answer else {}
    return [_card(plan, address, found.get(plan.chosen(address))) for plan in plans]


def _card(plan: Plan, address: Address, breakdown: Breakdown | None) -> Card:
    by = plan.chosen(address)
    tabs = tuple(
        CardTab(
            DIMENSION_NAMES[tab],
            address.with_(**{plan.key: None if tab == plan.tabs[0] else tab}),
            tab == by,
        )
        for tab in plan.tabs
    )
    shares = breakdown.top if breakdown else ()
    if plan is BOTS and by == "verdict":
        shares = tuple(share for share in shares if share.name not in _PEOPLE)
    others = breakdown.others if breakdown else 0
    whole = sum(share.clicks for share in shares) + others
    longest = max((share.clicks for share in shares), default=0)
    is_whole = plan.key in address.all(MORE)
    shown = ROWS if is_whole or len(shares) <= _SHOWN + 1 else _SHOWN
    hidden = sum(share.clicks for share in shares[shown:])
    rows = []
    for share in shares[:shown]:
        href, is_on = toggled(address, by, share.name)
        rows.append(
            Row(
                share.name,
                value_name(share.name, by),
                share.clicks,
                share.clicks_before,
                share.clicks / whole if whole else 0.0,
                share.clicks / longest if longest else 0.0,
                href,
                is_on,
            )
        )
    counted = "clicks of bots" if plan is BOTS else _COUNTED[breakdown.counted if breakdown else ""]
    return Card(
        plan.key,
        plan.title,
        by,
        counted,
        tabs,
        tuple(rows),
        others + hidden,
        (others + hidden) / whole if whole else 0.0,
        address.toggled(MORE, plan.key) if is_whole or hidden else None,
        is_whole,
        _steps(shares, address) if by == "country" else (),
    )


def _steps(shares: Sequence[Share], address: Address) -> tuple[MapStep, ...]:
    """Return how dark each country is on the map: in steps by the root of its clicks."""
    most = max((share.clicks for share in shares if share.name), default=0)
    return tuple(
        MapStep(
            share.name,
            value_name(share.name, "country"),
            share.clicks,
            math.ceil(5 * math.sqrt(share.clicks / most)),
            toggled(address, "country", share.name)[0],
        )
        for share in shares
        if share.name and share.clicks
    )
