"""Verdicts of evidence: which rule decides, what is only recorded, and what adds up."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.verdicts.evidence import Evidence
from app.verdicts.judge import SHADOW, Judge
from app.verdicts.modes import read_modes
from app.verdicts.rule import Verdict
from app.verdicts.rules import RULES
from app.verdicts.visit import OWN

NAMES = [rule.name for rule in RULES if rule.name != "suspicion"]
MODES = {rule.name: rule.mode for rule in RULES}
LIGHT = [replace(rule, weight=60) if rule.name in ("bare", "contact") else rule for rule in RULES]


def judged(evidence: Evidence, *modes: str, called: str = "Bot") -> Verdict:
    return Judge(read_modes(modes), LIGHT).judge(evidence).verdict(called)


@pytest.mark.parametrize(
    ("evidence", "modes", "verdict"),
    [
        (Evidence(), (), Verdict("person", "", ())),
        (Evidence(("headless",)), (), Verdict("bot", "Bot", ("headless",))),
        (Evidence(("headless",)), ("headless=off",), Verdict("person", "", ())),
        (
            Evidence(("headless",)),
            ("headless=shadow",),
            Verdict("person", "", ("shadow:headless",)),
        ),
        (
            Evidence(("monitor", "headless")),
            ("monitor=shadow",),
            Verdict("bot", "Bot", ("headless", "shadow:monitor")),
        ),
        (
            Evidence(("link-preview",), purpose="prefetch"),
            (),
            Verdict("preview", "Bot", ("link-preview", "prefetch")),
        ),
        (Evidence(purpose="prerender"), (), Verdict("prefetch", "prerender", ("prefetch",))),
        (
            Evidence(purpose="prerender"),
            ("prefetch=shadow",),
            Verdict("person", "", ("shadow:prefetch",)),
        ),
        (
            Evidence(("monitor",), networks=(OWN,), is_own_device=True),
            (),
            Verdict("own", "own-device", ("own-device", "own-network", "monitor")),
        ),
        (Evidence(("own-network",)), (), Verdict("own", "own-network", ("own-network",))),
        (Evidence(("bare",)), (), Verdict("person", "", ("bare",))),
        (Evidence(("bare", "contact")), (), Verdict("suspicious", "", ("bare", "contact"))),
        (
            Evidence(("bare", "contact")),
            ("suspicion=enforcing",),
            Verdict("suspicious", "suspicion", ("bare", "contact")),
        ),
        (
            Evidence(("bare", "contact")),
            ("suspicion=off",),
            Verdict("person", "", ("bare", "contact")),
        ),
        (
            Evidence(("bare", "contact")),
            ("contact=shadow",),
            Verdict("person", "", ("bare", "shadow:contact")),
        ),
        (
            Evidence(("bare", "headless")),
            (),
            Verdict("bot", "Bot", ("headless", "bare")),
        ),
    ],
)
def test_a_verdict_is_that_of_the_first_rule_that_decides(evidence, modes, verdict):
    assert judged(evidence, *modes) == verdict


@given(
    st.sets(st.sampled_from(NAMES)),
    st.dictionaries(
        st.sampled_from([*NAMES, "suspicion"]), st.sampled_from(["enforcing", "shadow", "off"])
    ),
)
def test_only_what_is_enforced_makes_somebody_no_person(matched, modes):
    told = judged(Evidence(tuple(matched)), *(f"{name}={mode}" for name, mode in modes.items()))
    wanted = {name: modes.get(name, MODES[name]) for name in matched}
    assert {reason.removeprefix(SHADOW) for reason in told.reasons} == {
        name for name, mode in wanted.items() if mode != "off"
    }
    assert all(
        (wanted[reason.removeprefix(SHADOW)] == "shadow") == reason.startswith(SHADOW)
        for reason in told.reasons
    )
    if "enforcing" not in wanted.values():
        assert (told.kind, told.name) == ("person", "")
    assert bool(told.name) == (told.kind not in ("person", "suspicious")) or (
        told.kind == "suspicious" and modes.get("suspicion") == "enforcing"
    )
