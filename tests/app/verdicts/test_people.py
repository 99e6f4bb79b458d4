"""What guards people: no rule, and no new version of an installed list, makes a program of one."""

from configparser import ConfigParser
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from app.verdicts import user_agent
from app.verdicts.crawler_list import CRAWLER_USER_AGENTS_DATA
from app.verdicts.modes import read_modes
from app.verdicts.rule import Verdict
from app.verdicts.rules import RULES
from app.verdicts.user_agent import PERSON, UserAgentClassifier
from tests.support.user_agents import people

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def classifier() -> UserAgentClassifier:
    return UserAgentClassifier()


def test_people_with_their_phones_browsers_and_apps_are_people(classifier):
    texts = list(people())
    assert len(texts) >= 1500
    verdicts = {text: classifier.verdict(text) for text in texts}
    assert {text: found for text, found in verdicts.items() if found != PERSON} == {}


def test_no_rule_has_people_among_its_matches_in_whichever_mode():
    """Neither as a reason that counts, nor as one in shadow that somebody might enforce."""
    for mode in ("enforcing", "shadow"):
        classifier = UserAgentClassifier(read_modes(f"{rule.name}={mode}" for rule in RULES))
        told = {text: classifier.read(text).rules for text in people()}
        assert {text: rules for text, rules in told.items() if rules} == {}


def test_a_list_that_calls_people_programs_is_found_out(monkeypatch):
    """As the installed one does where it isn't narrowed."""
    listed = tuple(one["pattern"] for one in CRAWLER_USER_AGENTS_DATA)
    monkeypatch.setattr(user_agent, "listed_patterns", lambda: listed)
    enforced, shadowed = (
        list(map(UserAgentClassifier(read_modes([f"crawler-list={mode}"])).verdict, people()))
        for mode in ("enforcing", "shadow")
    )
    taken = [one for one in enforced if one != PERSON]
    assert len(taken) > 100
    assert {one.kind for one in taken} == {"bot"}
    assert {one for one in shadowed if one != PERSON} == {
        Verdict("person", "", ("shadow:crawler-list",))
    }


@pytest.mark.parametrize("spelled", [str.lower, lambda text: f" {text} "])
def test_people_are_people_however_a_proxy_spells_it(classifier, spelled):
    called = [text for text in people() if classifier.name(spelled(text))]
    assert called == []


def test_a_new_list_of_crawlers_is_only_installed_with_the_test_above():
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    lines = setup["options"]["install_requires"].splitlines()
    listed = next(line for line in lines if line.startswith("crawler-user-agents"))
    tested = Version(version("crawler-user-agents"))
    assert tested in Requirement(listed).specifier
    assert Version(f"{tested.major}.{tested.minor + 1}") not in Requirement(listed).specifier
