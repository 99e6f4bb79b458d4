"""Parity of two counts of a link's clicks: another program's, and what is counted here."""

from typing import Literal, NamedTuple

#: What explains the difference, or that there is none.
Finding = Literal[
    "people",
    "all clicks",
    "programs in part",
    "more there",
    "more here",
    "no link here",
    "leads elsewhere",
]


class Parity(NamedTuple):
    """One link, as both count it.

    Attributes:
        theirs: clicks by the other program.
        humans: clicks of people here.
        clicks: all clicks here.
        before: of theirs, those before the link's import of which only their number is known.
    """

    code: str
    theirs: int
    humans: int
    clicks: int
    finding: Finding
    before: int = 0

    @property
    def difference(self) -> int:
        """By how many clicks of people we are above them, those before taken as they say."""
        return self.humans + self.before - self.theirs


def compared(theirs: int, humans: int, clicks: int) -> Finding:
    """Return what explains that another program counts as it does."""
    if theirs == humans:
        return "people"
    if theirs == clicks:
        return "all clicks"
    if theirs > clicks:
        return "more there"
    return "programs in part" if theirs > humans else "more here"
