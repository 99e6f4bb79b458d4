"""Modes that operators give rules: enforcing, shadow, or off."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import get_args

from app.verdicts.rule import DECISIVE, Mode, Rule
from app.verdicts.rules import RULES

Modes = Mapping[str, Mode]

_NAME = re.compile(r"[a-z-]{1,40}", re.ASCII)
_MODES: tuple[Mode, ...] = get_args(Mode)


def read_modes(entries: Iterable[str]) -> Modes:
    """Return the mode of every rule, of entries such as ``headless=shadow`` and its own else.

    Raises:
        ValueError: there is no such rule or mode, or a rule is named twice; says which there are.
    """
    modes: dict[str, Mode] = {rule.name: rule.mode for rule in RULES}
    given: set[str] = set()
    for entry in entries:
        name, mode = _read_entry(entry, modes)
        if name in given:
            raise ValueError(f"expected one mode for {name}, not two")
        given.add(name)
        modes[name] = mode
    return modes


def decides(rule: Rule, modes: Modes) -> bool:
    """Tell whether a rule that matches is enough for a verdict."""
    return rule.weight >= DECISIVE and modes[rule.name] == "enforcing"


def _read_entry(entry: str, modes: Modes) -> tuple[str, Mode]:
    name, _, said = (part.strip() for part in entry.partition("="))
    if not _NAME.fullmatch(name):
        # It may be what belongs to another setting, and a secret.
        raise ValueError(f"expected RULE=MODE, with one of {', '.join(modes)}")
    if name not in modes:
        close = get_close_matches(name, modes, 1)
        meant = f"did you mean {close[0]}?" if close else f"the rules are {', '.join(modes)}"
        raise ValueError(f"no rule is called {name!r}: {meant}")
    for mode in _MODES:
        if said == mode:
            return name, mode
    raise ValueError(f"expected {name}=MODE with one of {', '.join(_MODES)}, not {said!r}")
