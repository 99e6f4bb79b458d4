"""Finding that says which rules of verdicts an operator has given another mode."""

from collections.abc import Iterable

from app.health.check import Check, ok
from app.verdicts.modes import read_modes
from app.verdicts.rules import RULES


def rules_check(entries: Iterable[str]) -> Check:
    """Name the rules whose mode isn't their own.

    Args:
        entries: as HOPLINE_RULES has them.
    """
    modes = read_modes(entries)
    changed = [
        f"{rule.name} is {modes[rule.name]}, not {rule.mode}"
        for rule in RULES
        if modes[rule.name] != rule.mode
    ]
    return ok("rules", "; ".join(changed) or "each in its own mode")
