import re

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA

from app.verdicts.modes import read_modes
from app.verdicts.rules import RULES
from app.verdicts.user_agent import MAX_NAME_LENGTH, NAMELESS, PERSON, UserAgentClassifier
from tests.support.user_agents import people

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/130.0.0.0 Safari/537.36"
)
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)
PEOPLE = r"AP3A\.240617|MetaIAB Facebook|Trae/|Fluid/|Code/1\."
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@pytest.fixture(scope="module")
def classifier() -> UserAgentClassifier:
    return UserAgentClassifier()


ANDROID = "Mozilla/5.0 (Linux; Android 15; {} wv) Version/4.0 Chrome/142.0 Mobile Safari/537.36 {}"


@pytest.mark.parametrize(
    "user_agent",
    [
        CHROME,
        SAFARI,
        CHROME + "é" * 5000,
        ANDROID.format("CPH2557 Build/AP3A.240617.008;", "Instagram 406.0.0.58.159 Android (35/15"),
        ANDROID.format("Pixel 10 Pro XL Build/CP1A;", "MetaIAB Facebook"),
        ANDROID.format("G011A;", "Viber/11.9.5.8"),
        ANDROID.format("1501_M02;", "SogouMSE,SogouMobileBrowser/4.1.0"),
        ANDROID.format("HTC Butterfly 2;", ""),
        ANDROID.format("ViewSonic V500;", ""),
        ANDROID.format("Fever_Plus;", ""),
        ANDROID.format("CUBOT_P30;", ""),
        ANDROID.format("M bot 60;", ""),
        f"{CHROME} Blackboard/3.6.0",
        f"{CHROME} coccocbrowser/47.0",
        f"{CHROME} Code/1.115.0 Electron/39",
        *(f"{CHROME} {app}" for app in ("Notion/3.1 Electron/31", "Slack/4.3", "Teams/1.6")),
        *(
            f"{CHROME} {app}"
            for app in ("Edg/142", "Vivaldi/6", "Whale/3.2", "LCC/1", "Cursor/1.2")
        ),
        ANDROID.format("CUBOT NOTE S;", "Snapchat/12"),
        ANDROID.format("RMX3939 Build/AP3A.240617.008;", "[FB_IAB/FB4A]"),
        "Opera/9.80 (J2ME/MIDP; Opera Mini/7.1; U; en) Presto/2.8.119 Version/11.10",
        "UCWEB/2.0 (MIDP-2.0; U; Adr 9; en-US; X) U2/1.0.0 UCBrowser/10.7",
        "Opera/9.80 (MAUI Runtime; Opera Mini/4.4.39008/37.9178; U; en) Presto/2.12 Version/12.16",
        "SonyEricssonW100i/1.0 Browser/NetFront Profile/MIDP-2.0 Configuration/CLDC-1.1",
        "BlackBerry9700/5.0.0.862 Profile/MIDP-2.1 Configuration/CLDC-1.1",
        "[FBAN/FB4A;FBAV/567.0.0;FBPN/com.facebook.katana;]",
    ],
)
def test_a_human_has_no_name(classifier, user_agent):
    assert classifier.name(user_agent) == ""


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
        ("Mozilla/4.0 (compatible; ms-office; MSOffice 16)", "ms-office"),
        ("Microsoft Office Existence Discovery", "Microsoft Office"),
        ("Bluesky Cardyb/1.1", "Cardyb"),
        (f"{CHROME} MicroAdBot/1.1 (https://example.com)", "MicroAdBot"),
        ("Mozilla/5.0 (compatible; YepBot/1.0; +http://yep.com/yepbot/)", "YepBot"),
        ("Meta-ExternalAgent/1.1", "Meta-ExternalAgent"),
        ("Mozilla/5.0 (X11) HeadlessChrome/120.0.0.0 Safari/537.36", "HeadlessChrome"),
        ("Mozilla/5.0 (compatible; Something/1.0; +https://example.com)", "Something"),
        ("Viber", "Viber"),
        ("Sogou web spider/4.0(+http://www.sogou.com)", "Sogou web spider"),
        ("GuzzleHttp/7", "GuzzleHttp"),
        ("Java/17.0.1", "Java"),
        ("node", "node"),
        ("PostmanRuntime/7.36", "PostmanRuntime"),
        ("kube-probe/1.28", "kube-probe"),
        ("ELB-HealthChecker/2.0", "ELB-HealthChecker"),
        (
            "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; ms-office; MSOffice 16)",
            "ms-office",
        ),
        ("Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0)", "Microsoft Office"),
        ("Mozilla/5.0 (compatible; Barracuda Sentinel (EE))", "Barracuda"),
        ("Outlook-iOS/723.4027091.prod.iphone (4.28.0)", "Outlook-iOS"),
        ("okhttp/4.12", "okhttp"),
        ("Dart/3.2 (dart:io)", "Dart"),
        ("Notion/1.0 (https://notion.so; team@makenotion.com)", "Notion"),
        ("Mastodon/4.2 (http.rb/5; +https://m.example/)", "Mastodon"),
        ("Mozilla/5.0 (compatible)", "Mozilla"),
        ("Mozilla/4.0", "Mozilla"),
        ("mozilla/5.0", "mozilla"),
        ("Opera", "Opera"),
        ("-", NAMELESS),
        ("something of my own", "something"),
        ("Mozilla/5.0", "Mozilla"),
        ("", NAMELESS),
        (" - ", NAMELESS),
        ("\0", NAMELESS),
    ],
)
def test_a_program_is_called_by_its_name(classifier, user_agent, name):
    assert classifier.name(user_agent) == name


def test_a_rule_in_shadow_names_nobody_and_one_that_is_off_is_not_asked():
    googlebot = {"crawler-list", "bot-word", "contact"}
    assert set(UserAgentClassifier().verdict(GOOGLEBOT).reasons) == googlebot
    shadow = [f"{name}=shadow" for name in googlebot]
    hidden = UserAgentClassifier(read_modes(shadow)).verdict(GOOGLEBOT)
    assert (hidden.kind, hidden.name) == ("bot", "Googlebot/2.1")  # by its form
    assert set(hidden.reasons) == {"compatible", *(f"shadow:{name}" for name in googlebot)}
    off = [f"{name}=off" for name in (*googlebot, "compatible", "no-device")]
    assert UserAgentClassifier(read_modes(off)).verdict(GOOGLEBOT) == PERSON


@pytest.mark.parametrize("name", [rule.name for rule in RULES if rule.matches is None])
def test_a_rule_in_shadow_changes_nothing_but_the_reasons(name):
    programs = [text for known in CRAWLER_USER_AGENTS_DATA[::9] for text in known["instances"][:1]]
    off, shadow = (
        UserAgentClassifier(read_modes([f"{name}={mode}"])) for mode in ("off", "shadow")
    )
    for text in (
        *programs,
        *list(people())[::20],
        "",
        "-",
        "Mozilla/5.0",
        "QR-Scanner/5 Darwin/24",
    ):
        without, told = off.verdict(text), shadow.verdict(text)
        rest = tuple(reason for reason in told.reasons if reason != f"shadow:{name}")
        assert (told.kind, told.name, rest) == without


def test_who_sends_no_user_agent_is_a_person_where_that_rule_is_off():
    classifier = UserAgentClassifier(read_modes(["no-user-agent=off"]))
    assert classifier.verdict("-") == PERSON


def test_every_known_example_is_recognised(classifier):
    examples = [text for known in CRAWLER_USER_AGENTS_DATA for text in known["instances"]]
    unnamed = [text for text in examples if not classifier.name(text)]
    # Of people's phones and browsers, which the list holds as well.
    assert [text for text in unnamed if not re.search(PEOPLE, text)] == []
    assert len(unnamed) <= 10


def test_a_name_is_short_however_long_the_user_agent(classifier):
    name = classifier.name("ContextualBot" + "x" * 8000 + "outcomes.net")
    assert 0 < len(name) <= MAX_NAME_LENGTH
