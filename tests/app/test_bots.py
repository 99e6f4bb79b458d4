import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA

from app.bots import MAX_NAME_LENGTH, Bots

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/130.0.0.0 Safari/537.36"
)
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@pytest.fixture(scope="module")
def bots() -> Bots:
    return Bots()


@pytest.mark.parametrize("user_agent", [CHROME, SAFARI, "", "\0", "é" * 5000])
def test_a_human_has_no_name(bots, user_agent):
    assert bots.name(user_agent) == ""


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (GOOGLEBOT, "Googlebot"),
        ("Googlebot-Image/1.0", "Googlebot-Image"),
        ("curl/8.5.0", "curl"),
        ("Wget/1.21", "Wget"),
        ("python-requests/2.31", "python-requests"),
        ("Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)", "AhrefsBot"),
        ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "Slackbot"),
        ("facebookexternalhit/1.1", "facebookexternalhit"),
    ],
)
def test_a_program_is_called_by_its_name(bots, user_agent, name):
    assert bots.name(user_agent) == name


def test_every_known_example_is_recognised(bots):
    examples = [text for known in CRAWLER_USER_AGENTS_DATA for text in known["instances"]]
    unnamed = [text for text in examples if not bots.name(text)]
    assert unnamed == []


def test_a_name_is_short_however_long_the_user_agent(bots):
    name = bots.name("ContextualBot" + "x" * 8000 + "outcomes.net")
    assert 0 < len(name) <= MAX_NAME_LENGTH
