"""Command that shows the rules for who is no person, and their modes: `hopline rules`."""

from app.config.loading import load
from app.terminal.options import AsJson
from app.terminal.output import print_json, print_table
from app.verdicts.modes import read_modes
from app.verdicts.rules import RULES


def rules(
    as_json: AsJson = False,
) -> None:
    """Show every rule that tells people from programs, in which order, and its mode."""
    modes = read_modes(load().rules)
    if as_json:
        print_json(
            [
                {
                    "rule": rule.name,
                    "verdict": rule.kind,
                    "mode": modes[rule.name],
                    "weight": rule.weight,
                    "version": rule.version,
                    "looks_at": rule.looks_at,
                    "why": rule.why,
                    "source": rule.source,
                }
                for rule in RULES
            ]
        )
        return
    rows = (
        (rule.name, rule.kind, modes[rule.name], str(rule.weight), rule.looks_at) for rule in RULES
    )
    print_table(("RULE", "VERDICT", "MODE", "WEIGHT", "LOOKS AT"), rows)
