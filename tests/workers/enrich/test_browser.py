from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ua_parser.loaders import load_lazy_builtins

from tests.support.labelled import labelled
from workers.enrich.browser import Browsers
from workers.enrich.facts.apps import APPS
from workers.enrich.families import OTHER

LABELLED = labelled(Path(__file__).parent / "apps.tsv")


@pytest.fixture(scope="module")
def browsers() -> Browsers:
    return Browsers()


def test_applications_in_which_pages_open_are_named(browsers):
    assert len(LABELLED) >= 160
    assert len({name for _, name in LABELLED}) >= 40
    assert {text: browsers.read(text).name for text, _ in LABELLED} == dict(LABELLED)


@pytest.mark.parametrize(
    ("user_agent", "expected"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
            " Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0",
            "Edge",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15"
            " (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
            "Mobile Safari",
        ),
        (
            "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0",
            "Firefox",
        ),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot"),
        ("", ""),
        ("something of my own", ""),
    ],
)
def test_families_are_named(browsers, user_agent, expected):
    assert browsers.read(user_agent).name == expected


@pytest.mark.parametrize(
    "text",
    [
        "{}bot/1.0",
        "Mozilla/5.0 (compatible; {}Spider/2.0)",
        "Mozilla/5.0 (Linux; Android 13; {} bot 60) Chrome/130.0.0.0 Mobile Safari/537.36",
        "{}/1.0 CFNetwork/1490.0.4 Darwin/23.2.0",
        "{}-iPhone/1.0 CFNetwork/1490.0.4 Darwin/23.2.0",
        "{}Crawler-x/1",
    ],
)
@given(name=st.text("abcdefXYZ019 -_", min_size=1, max_size=30))
def test_a_visitor_makes_no_name_up(browsers, vocabulary, text, name):
    assert browsers.read(text.format(name)).name in vocabulary


@pytest.fixture(scope="module")
def vocabulary(browsers) -> frozenset[str]:
    """Return every name that there is, made of what patterns and tables hold."""
    literal = {each.family for each in load_lazy_builtins()[0] if each.family}
    return frozenset({"", OTHER, "Android", *APPS, *literal, *browsers._names, *SHORT})


#: What patterns with a few names in their first group tell of the texts above.
SHORT = {"Safari", "Chrome", "Chromium"}
