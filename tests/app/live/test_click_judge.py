"""Verdicts on single clicks, as `hopline tail` shows them."""

from dataclasses import replace

import pytest

from app.clicks.click import Click
from app.config.settings import Settings
from app.live.click_judge import ClickJudge
from app.verdicts.rule import Verdict

PERSON = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
CLICK = Click(
    click_id=bytes(16),
    short_code="abc",
    timestamp=1_800_000_000,
    ip="203.0.113.77",
    user_agent=PERSON,
    referer="",
    original_url="https://example.com/",
)


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, Verdict("person", "", ())),
        ({"user_agent": "GPTBot/1.0"}, Verdict("bot", "GPTBot", ("ai-crawler", "crawler-list"))),
        ({"purpose": "prefetch"}, Verdict("prefetch", "prefetch", ("prefetch",))),
        ({"own": "1"}, Verdict("own", "own-device", ("own-device",))),
        ({"ip": "192.0.2.9"}, Verdict("own", "own-network", ("own-network",))),
        ({"user_agent": "", "count_only": "1"}, Verdict("person", "", ())),
        ({"user_agent": f"{PERSON} bob@example.com"}, Verdict("person", "", ("shadow:contact",))),
    ],
)
def test_a_click_has_the_verdict_that_its_row_will_have(changes, verdict):
    settings = Settings(rules="contact=shadow,bot-word=off", own_networks="192.0.2.0/24")
    found = ClickJudge(settings).verdict(replace(CLICK, **changes))
    assert found == verdict
