"""The list of rules, as a person and a program get it."""

import json

from app.verdicts.rules import RULES


def test_every_rule_is_listed_with_its_mode(hopline, monkeypatch):
    monkeypatch.setenv("HOPLINE_RULES", "headless=shadow,contact=off")
    lines = [line.split("\t") for line in hopline("rules").out.splitlines()]
    assert lines[0] == ["RULE", "VERDICT", "MODE", "WEIGHT", "LOOKS AT"]
    modes = {line[0]: line[2] for line in lines[1:]}
    assert list(modes) == [rule.name for rule in RULES]
    told = [modes[name] for name in ("headless", "contact", "bare", "suspicion")]
    assert told == ["shadow", "off", "enforcing", "shadow"]


def test_a_program_gets_the_same(hopline, monkeypatch):
    monkeypatch.setenv("HOPLINE_RULES", "bare=off")
    listed = json.loads(hopline("rules", "--json").out)
    (bare,) = (rule for rule in listed if rule["rule"] == "bare")
    assert (bare["verdict"], bare["mode"], bare["weight"]) == ("bot", "off", 100)


def test_a_rule_that_is_not_there_is_refused_with_its_likely_name(hopline, monkeypatch):
    monkeypatch.setenv("HOPLINE_RULES", "headles=shadow")
    ended = hopline("rules")
    assert ended.exit_code == 2
    assert "HOPLINE_RULES='headles=shadow'" in ended.err
    assert "did you mean headless?" in ended.err
