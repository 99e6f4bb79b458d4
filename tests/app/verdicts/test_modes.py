"""Modes as operators write them."""

import pytest

from app.verdicts.modes import read_modes
from app.verdicts.rules import RULES


def test_rules_have_their_own_modes_unless_others_are_given():
    modes = read_modes(["headless=shadow", " contact = off "])
    own = {rule.name: rule.mode for rule in RULES}
    assert modes == own | {"headless": "shadow", "contact": "off"}


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (["headles=shadow"], "no rule is called 'headles': did you mean headless?"),
        (["x=shadow"], "no rule is called 'x': the rules are own-device, own-network, "),
        (["headless"], "expected headless=MODE with one of enforcing, shadow, off, not ''"),
        (["headless=on"], "expected headless=MODE with one of enforcing, shadow, off, not 'on'"),
        (["headless=off", "headless=off"], "expected one mode for headless, not two"),
    ],
)
def test_what_is_no_mode_of_a_rule_is_refused(entries, said):
    with pytest.raises(ValueError, match=r".") as refused:
        read_modes(entries)
    assert str(refused.value).startswith(said)
