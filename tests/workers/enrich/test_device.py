import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.enrich.device import device_class

USER_AGENTS = {
    "desktop": [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17.5 Safari",
        "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36",
        "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0",
    ],
    "mobile": [
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile/15E148 Safari",
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Android 14; Mobile; rv:131.0) Gecko/131.0 Firefox/131.0",
        "Opera/9.80 (J2ME/MIDP; Opera Mini/7.1; U; en) Presto/2.8.119 Version/11.10",
    ],
    "tablet": [
        "Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari",
        "Mozilla/5.0 (Linux; Android 13; SM-X200) AppleWebKit/537.36 Chrome/130.0 Safari/537.36",
        "Mozilla/5.0 (Linux; Android 9; KFTRWI) AppleWebKit/537.36 Silk/120.1 Safari/537.36",
    ],
    "tv": [
        "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 Version/6.0 TV Safari/537.36",
        "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 Chrome/79.0 Safari/537.36",
        "Mozilla/5.0 (Linux; Android 9; AFTMM) AppleWebKit/537.36 Chrome/79.0 Safari/537.36",
        "Roku/DVP-12.5 (12.5.0.4178-93)",
    ],
    "other": ["", "Mozilla/5.0 (PlayStation; PlayStation 5/2.26)", "something of my own"],
}


@pytest.mark.parametrize(
    ("device", "user_agent"),
    [(device, text) for device, texts in USER_AGENTS.items() for text in texts],
)
def test_the_class_is_told(device, user_agent):
    assert device_class(user_agent) == device


def test_a_hostile_user_agent_is_read_in_bounded_time():
    assert device_class("android" * 1100) == "tablet"


@given(
    st.lists(
        st.sampled_from(["tizen ", "tv", " ", "android", "mobi", "mobile", "x", ";"]), max_size=12
    ).map("".join)
)
def test_two_words_are_told_wherever_they_stand(user_agent):
    """As the plain patterns would, which take much longer to say so."""
    is_tv = re.search(r"android ?tv|tizen .*\btv\b", user_agent)
    is_tablet = re.search(r"android(?!.*mobi)", user_agent)
    device = device_class(user_agent)
    assert (device == "tv") is bool(is_tv)
    assert (device == "tablet") is (not is_tv and bool(is_tablet))
