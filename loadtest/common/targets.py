"""Targets that a benchmark holds its figures against, and the table of them."""

from collections.abc import Iterable
from typing import NamedTuple

from rich.table import Table

from loadtest.common.command_line import new_table

_MARKS = {True: "met", False: "NOT met", None: "void"}


class Target(NamedTuple):
    """A promise and what was found; ``is_met`` is None where it can't be told here."""

    text: str
    wanted: str
    found: str
    is_met: bool | None


def at_most(text: str, found: float, most: float, form: str) -> Target:
    """Return the promise of an upper bound."""
    return Target(text, f"≤ {most:g}", form.format(found), found <= most)


def at_least(text: str, found: float, least: float, form: str) -> Target:
    """Return the promise of a lower bound."""
    return Target(text, f"≥ {least:g}", form.format(found), found >= least)


def targets_table(targets: Iterable[Target]) -> Table:
    """Return what was promised beside what was found."""
    table = new_table("Targets", "target", "wanted", "found", "")
    for *texts, is_met in targets:
        table.add_row(*texts, _MARKS[is_met])
    return table
