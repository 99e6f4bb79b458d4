"""Types that say what a rule is, and what the rules together found out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from app.verdicts.evidence import Evidence

#: Who follows a link: a person; an AI agent that a person has just sent; a program on its own;
#: what shows a link to people before they follow it; a browser that loads what nobody has followed
#: yet; what looks whether a link is dangerous; the operator's own people and machines; somebody of
#: whom several things together say that it is no person.
Kind = Literal["person", "agent", "bot", "preview", "prefetch", "scanner", "own", "suspicious"]
#: Whether what a rule finds counts, is recorded only, or isn't asked.
Mode = Literal["enforcing", "shadow", "off"]

#: Weight of a rule that decides alone, and of those that only do together.
DECISIVE: Final = 100


class Verdict(NamedTuple):
    """What is known of a visitor.

    Attributes:
        kind: who follows the link.
        name: what counts in place of a person is called, '' for who counts as a person.
        reasons: the names of all rules that say so, the one that decided first; behind ``shadow:``
            of those that are in shadow.
    """

    kind: Kind
    name: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to recognise who is no person.

    Attributes:
        name: what it is called in a verdict's reasons.
        kind: who it recognises.
        looks_at: what of the visit is compared.
        why: what makes it right.
        source: where its facts come from.
        version: raised whenever it decides differently, so that old rows can be told from new.
        patterns: of RE2, searched in a user agent without the model of its phone; none for what
            :mod:`app.verdicts.forms` tells.
        matches: tells it of what is known of a visit beside the user agent; None for a rule that
            looks at nothing else.
        weight: :data:`DECISIVE`, or how much it adds to what makes a visitor suspicious.
        mode: unless the operator says otherwise.
    """

    name: str
    kind: Kind
    looks_at: str
    why: str
    source: str
    version: int
    patterns: tuple[str, ...] = ()
    matches: Callable[[Evidence], bool] | None = None
    weight: int = DECISIVE
    mode: Mode = "enforcing"
