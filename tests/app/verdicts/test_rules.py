import re
from itertools import chain
from pathlib import Path

import pytest
import re2

from app.verdicts.crawler_list import CRAWLER_USER_AGENTS_DATA, NARROWED, listed_patterns
from app.verdicts.rules import RULES
from app.verdicts.user_agent import MAX_NAME_LENGTH, UserAgentClassifier

DOCUMENT = Path(__file__).parents[3] / "docs" / "enrichment.md"
PATTERNS = [*chain.from_iterable(rule.patterns for rule in RULES), *listed_patterns()]
LONGEST = 8192


@pytest.fixture(scope="module")
def classifier() -> UserAgentClassifier:
    return UserAgentClassifier()


def test_each_rule_has_a_name_of_its_own():
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_each_rule_stands_in_the_document_as_it_is():
    rows = DOCUMENT.read_text().splitlines()
    written = [
        f"| `{rule.name}` | {rule.kind} | {rule.looks_at} | {rule.why} | {rule.mode}"
        f" | {rule.source} | {rule.version} |"
        for rule in RULES
    ]
    assert [row for row in written if row not in rows] == []


def test_what_is_narrowed_is_still_in_the_list():
    listed = {known["pattern"] for known in CRAWLER_USER_AGENTS_DATA}
    assert sorted(NARROWED.keys() - listed) == []


def test_each_pattern_is_one_that_can_be_searched_in_linear_time():
    for pattern in PATTERNS:
        re2.compile(pattern)  # RE2 has no others


def words_of(pattern: str) -> str:
    """Return the words of a pattern, which keep it busy when they come again and again."""
    plain = re.sub(r"\(\?i\)|\(\?:|\[[^\]]*\]|\\[a-zA-Z]|[*+?^$()|{}\\]", " ", pattern)
    return " ".join(plain.split()) or "x"


def test_the_words_of_a_pattern_may_come_as_often_as_they_like(classifier):
    for pattern in PATTERNS:
        text = (words_of(pattern) + " ") * LONGEST
        assert len(classifier.name(text[:LONGEST])) <= MAX_NAME_LENGTH
