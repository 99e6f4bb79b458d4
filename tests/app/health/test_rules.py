from app.health.rules import rules_check


def test_rules_in_their_own_modes_are_not_named():
    assert rules_check(()).text == "each in its own mode"
    assert rules_check(["headless=enforcing"]).text == "each in its own mode"


def test_each_rule_in_another_mode_is_named_with_both():
    check = rules_check(["headless=shadow", "click-rate=enforcing", "contact=off"])
    assert check.state == "ok"
    assert check.text == (
        "headless is shadow, not enforcing; contact is off, not enforcing;"
        " click-rate is enforcing, not shadow"
    )
