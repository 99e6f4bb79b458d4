import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.enrich.device import _SAID
from workers.enrich.facts.apps import APPS
from workers.enrich.facts.systems import LAST_RESORTS, SYSTEMS
from workers.enrich.rules import Rules

TABLES = {"devices": _SAID, "apps": APPS, "systems": SYSTEMS, "last resorts": LAST_RESORTS}


def test_the_first_answer_of_which_a_word_is_there_counts():
    rules = Rules({"a": ["later", r"\bword"], "b": ["soon"]})
    assert rules.first("soon, and a Word") == "a"
    assert rules.first("SOON, and a sword") == "b"
    assert rules.first("nothing") is None
    assert rules.all("soon later") == {"a", "b"}
    assert rules.all("") == set()


@given(
    st.dictionaries(
        st.sampled_from("abc"),
        st.lists(st.sampled_from([r"\bx", r"\bxy", "y", "yz", r"\b(?:z|q)", "x|q"]), min_size=1),
        min_size=1,
    ),
    st.text("xyzq ", max_size=8),
)
def test_rules_find_what_each_word_alone_finds(tables, text):
    expected = {
        answer
        for answer, patterns in tables.items()
        if any(re.search(pattern, text) for pattern in patterns)
    }
    assert Rules(tables).all(text) == expected


@pytest.mark.parametrize("name", TABLES)
def test_no_word_is_in_a_table_twice(name):
    for patterns in TABLES[name].values():
        assert len(set(patterns)) == len(list(patterns))


@pytest.mark.parametrize("name", TABLES)
def test_words_of_every_pattern_are_read_in_linear_time(name):
    """Forty times as long they take some forty times as long, and not sixteen hundred."""
    rules = Rules(TABLES[name])
    for pattern in (each for patterns in TABLES[name].values() for each in patterns):
        word = said(pattern)
        short, long = (min(seconds(rules, word, size) for _ in range(3)) for size in (800, 32_000))
        assert long < 200 * short, pattern


def said(pattern: str) -> str:
    """Return letters that a pattern has, without what it makes of them."""
    letters = re.sub(r"\\[bwdsSWD.]|\{[\d,]+\}|\(\?:|[][()|?*+^$\\]", " ", pattern)
    return letters + " "


def seconds(rules: "Rules[str]", word: str, size: int) -> float:
    """Return what reading computes for; what others of the machine do counts for nothing."""
    text = (word * (size // len(word) + 1))[:size]
    rules.all(text)
    began = time.thread_time()
    rules.all(text)
    return time.thread_time() - began
