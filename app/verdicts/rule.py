"""Types that say what a rule is, and what the rules together found out."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

#: Who follows a link: a person; an AI agent that a person has just sent; a program on its own;
#: what shows a link to people before they follow it; what looks whether a link is dangerous.
Kind = Literal["person", "agent", "bot", "preview", "scanner"]


class Verdict(NamedTuple):
    """What is known of a visitor.

    Attributes:
        kind: who follows the link.
        name: what the program is called, '' for a person.
        reasons: the names of all rules that say so, the one that decided first.
    """

    kind: Kind
    name: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to recognise a program.

    Attributes:
        name: what it is called in a verdict's reasons.
        kind: who it recognises.
        looks_at: what of the visit is compared.
        why: what makes it right.
        source: where its facts come from.
        version: raised whenever it decides differently, so that old rows can be told from new.
        patterns: of RE2, searched in a user agent without the model of its phone; none for what
            :mod:`app.verdicts.forms` tells.
    """

    name: str
    kind: Kind
    looks_at: str
    why: str
    source: str
    version: int
    patterns: tuple[str, ...] = ()
