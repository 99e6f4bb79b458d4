"""Judge that turns the rules that match, and their modes, into a verdict."""

from collections.abc import Sequence
from typing import NamedTuple

from app.verdicts.evidence import Evidence
from app.verdicts.modes import Modes, decides
from app.verdicts.rule import DECISIVE, Kind, Rule, Verdict
from app.verdicts.rules import RULES
from app.verdicts.visit import PREFETCH, SUSPICION

#: Stands in front of a reason that is recorded only.
SHADOW = "shadow:"
#: Stands between the names of reasons, where they are one text.
BETWEEN_REASONS = ","


class Judgement(NamedTuple):
    """A verdict of which only the user agent may be missing.

    Attributes:
        kind, reasons: as a :class:`~app.verdicts.rule.Verdict` has them.
        name: the same, None for what the user agent calls itself.
    """

    kind: Kind
    name: str | None
    reasons: tuple[str, ...]

    def verdict(self, called: str) -> Verdict:
        """Return the verdict on whom its user agent calls so."""
        return Verdict(self.kind, called if self.name is None else self.name, self.reasons)


class Judge:
    """Judges visits by all rules; a pure function of the evidence, which callers remember.

    Args:
        modes: of every rule.
    """

    def __init__(self, modes: Modes, rules: Sequence[Rule] = RULES) -> None:
        self._modes = modes
        self._rules = [rule for rule in rules if modes[rule.name] != "off"]

    def judge(self, evidence: Evidence) -> Judgement:
        """Return who follows the link: the first rule that decides, or the weights of all."""
        found = [rule for rule in self._rules if _is_met(rule, evidence)]
        deciding = next((rule for rule in found if decides(rule, self._modes)), None)
        if deciding is not None:
            others = [rule for rule in found if rule is not deciding]
            name = _name(deciding, evidence)
            return Judgement(deciding.kind, name, self._reasons([deciding, *others]))
        enforced = [rule for rule in found if self._modes[rule.name] == "enforcing"]
        mode = self._modes[SUSPICION.name]
        if mode == "off" or sum(rule.weight for rule in enforced) < DECISIVE:
            return Judgement("person", "", self._reasons(found))
        name = SUSPICION.name if mode == "enforcing" else ""
        return Judgement(SUSPICION.kind, name, self._reasons(found))

    def _reasons(self, rules: Sequence[Rule]) -> tuple[str, ...]:
        return tuple(
            rule.name if self._modes[rule.name] == "enforcing" else f"{SHADOW}{rule.name}"
            for rule in rules
        )


def _is_met(rule: Rule, evidence: Evidence) -> bool:
    return rule.name in evidence.matched or (rule.matches is not None and rule.matches(evidence))


def _name(deciding: Rule, evidence: Evidence) -> str | None:
    """Return what a visit is called in the place of a person."""
    if deciding.matches is None:
        return None
    # As rows have it since before there were rules.
    return (evidence.purpose or deciding.name) if deciding is PREFETCH else deciding.name
