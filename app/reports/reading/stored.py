"""First look at what is stored: of which times, and whether a query is about few clicks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.reports.conditions import Parameters, Statement, scope
from app.reports.sums import division
from app.stores.scripts import query as text_of
from app.sums.days import State


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored.

    Attributes:
        oldest: time of the oldest click, None without any; newest: that of the newest.
        few: times of the links' first and last click where theirs are so few that they are read,
            none without clicks; None where they may be many, or sums may know of more.
    """

    oldest: datetime | None = None
    newest: datetime | None = None
    few: tuple[datetime, ...] | None = None


def compile_stored(codes: Sequence[str] | None, *, has_sums: bool) -> Statement:
    """Return the statement that looks.

    Args:
        codes: of the links, None for all.
        has_sums: whether there may be sums.
    """
    parameters = Parameters()
    links = frozen = ""
    if codes is not None:
        parameters.values["most"] = division.SMALL_CLICKS
        links = text_of("app.reports", "stored_links", scope=scope(parameters, codes))
    if has_sums:
        parameters.values["frozen"] = int(State.FROZEN)
        frozen = text_of("app.reports", "stored_frozen")
    text = text_of("app.reports", "stored", links=links, frozen=frozen)
    return Statement(text, parameters.values)


def stored(rows: Sequence[tuple[str, int, datetime, datetime]]) -> Stored:
    """Return what was found.

    Args:
        rows: that answer :func:`compile_stored`.
    """
    found: dict[str, tuple[int, Any]] = {whose: (count, times) for whose, count, *times in rows}
    count, times = found["all"]
    oldest, newest = times if count else (None, None)
    of_links, between = found.get("links", (division.SMALL_CLICKS, ()))
    is_few = of_links < division.SMALL_CLICKS and not found.get("frozen", (0, ()))[0]
    few = tuple(between if of_links else ()) if is_few else None
    return Stored(oldest, newest, few)
