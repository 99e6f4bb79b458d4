import random
import string
import time

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from hypothesis import given
from hypothesis import strategies as st
from ua_parser.loaders import load_lazy_builtins

from tests.workers.enrich.test_rules import said
from workers.enrich.user_agent import UserAgent, UserAgents


@pytest.fixture(scope="module")
def user_agents() -> UserAgents:
    return UserAgents()


def test_a_user_agent_tells_browser_system_and_device(user_agents):
    text = (
        "Mozilla/5.0 (Linux; Android 14; SM-S928B Build/UP1A; wv) AppleWebKit/537.36"
        " Version/4.0 Chrome/126.0 Mobile Safari/537.36 Barcelona 323.1.0 Android (34/14)"
    )
    assert user_agents.read(text) == UserAgent("Threads", "323", "Android", "14", "mobile")


def test_a_program_has_no_device(user_agents):
    text = "Mozilla/5.0 (Linux; Android 14) Chrome/126.0 Mobile Safari/537.36"
    assert user_agents.read(text, is_program=True) == user_agents.read(text)._replace(device="bot")


def test_what_is_read_of_a_program_names_it_as_all_of_it_would(user_agents):
    known = [text for each in CRAWLER_USER_AGENTS_DATA for text in each["instances"]]
    longest = sorted(known, key=len)[-50:]
    assert [user_agents.read(text, is_program=True) for text in longest] == [
        user_agents.read(text)._replace(device="bot") for text in longest
    ]


@given(st.text(max_size=300))
def test_any_text_is_read(user_agents, text):
    told = user_agents.read(text)
    assert max(map(len, told)) <= 80


def test_words_of_every_pattern_of_uap_core_are_read_in_linear_time(user_agents):
    """Ten times as long they take some ten times as long, and not a hundred."""
    browsers, systems, _ = load_lazy_builtins()
    for word in {said(each.regex) for each in (*browsers, *systems)}:
        short, long = (
            min(seconds(user_agents, word, size) for _ in range(3)) for size in (800, 8_000)
        )
        assert long < 60 * short, word


def test_letters_without_sense_are_read_in_linear_time(user_agents):
    chance = random.Random(1)
    text = "".join(chance.choices(string.printable, k=8_000))
    assert seconds(user_agents, text, 8_000) < 60 * seconds(user_agents, text, 800)


def seconds(user_agents: UserAgents, word: str, size: int) -> float:
    """Return what reading computes for; what others of the machine do counts for nothing."""
    text = (word * (size // len(word) + 1))[:size]
    user_agents.read(text)
    began = time.thread_time()
    user_agents.read(text)
    return time.thread_time() - began
