"""Kinds of programs, each by its published names in any spelling."""

import pytest

from app.verdicts.rule import Verdict
from app.verdicts.user_agent import UserAgentClassifier

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/130.0.0.0 Safari/537.36"
)
SPELLINGS = (
    "{}/1.0",
    "{}",
    CHROME + " {}/1.0",
    CHROME + "; {}/1.0; +https://example.com/bot",
    "Mozilla/5.0 (compatible; {})",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; {}/1.0)",
)


@pytest.fixture(scope="module")
def classifier() -> UserAgentClassifier:
    return UserAgentClassifier()


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("change", [str, str.lower, str.upper])
@pytest.mark.parametrize(
    ("rule", "kind", "names"),
    [
        ("ai-agent", "agent", ["ChatGPT-User", "Claude-User", "Perplexity-User"]),
        ("ai-agent", "agent", ["MistralAI-User", "Gemini-Deep-Research", "Meta-ExternalFetcher"]),
        ("ai-search", "bot", ["OAI-SearchBot", "Claude-SearchBot", "PerplexityBot"]),
        ("ai-search", "bot", ["Applebot", "Amazonbot", "meta-webindexer"]),
        ("ai-crawler", "bot", ["GPTBot", "ClaudeBot", "CCBot", "Bytespider", "Google-Extended"]),
        ("ai-crawler", "bot", ["meta-externalagent", "Diffbot", "PanguBot"]),
        (
            "link-preview",
            "preview",
            ["facebookexternalhit", "Twitterbot", "Slackbot", "Discordbot"],
        ),
        ("link-preview", "preview", ["TelegramBot", "LinkedInBot", "SkypeUriPreview", "Iframely"]),
        ("monitor", "bot", ["UptimeRobot", "Pingdom", "kube-probe", "Chrome-Lighthouse"]),
        ("mail-scanner", "scanner", ["Barracuda", "Mimecast", "Proofpoint"]),
        ("security-scanner", "scanner", ["sqlmap", "nuclei", "zgrab", "CensysInspect"]),
        ("headless", "bot", ["HeadlessChrome", "ChromeHeadless"]),
    ],
)
def test_a_kind_is_told_whatever_the_spelling(classifier, rule, kind, names, change, spelling):
    for name in names:
        verdict = classifier.verdict(change(spelling.format(name)))
        assert verdict.kind == kind, name
        assert rule in verdict.reasons


@pytest.mark.parametrize(
    ("user_agent", "verdict"),
    [
        ("", Verdict("bot", "no user agent", ("no-user-agent",))),
        ("null", Verdict("bot", "no user agent", ("no-user-agent",))),
        ("Mozilla/5.0", Verdict("bot", "Mozilla", ("bare",))),
        ("Mozilla/5.0 Keyring", Verdict("bot", "Keyring", ("no-device",))),
        ("Mozilla/5.0 (compatible; Kaupr/1.0)", Verdict("bot", "Kaupr/1.0", ("compatible",))),
        (f"{CHROME} (compatible; Google)", Verdict("bot", "Google", ("compatible",))),
        (
            "Mozilla/5.0 (compatible; YepBot/1.0; +http://yep.com/yepbot/)",
            Verdict("bot", "YepBot", ("bot-word", "contact")),
        ),
        ("WhatsApp/2.23.20.0 A", Verdict("preview", "WhatsApp", ("link-preview", "crawler-list"))),
        ("Bluesky Cardyb/1.1", Verdict("preview", "Cardyb", ("link-preview",))),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like"
            " Gecko) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
            Verdict("preview", "facebookexternalhit", ("link-preview", "crawler-list", "bot-word")),
        ),
        (f"{CHROME} contact ops@example.com", Verdict("bot", "contact", ("contact",))),
    ],
)
def test_a_verdict_names_every_rule_that_matched(classifier, user_agent, verdict):
    assert classifier.verdict(user_agent) == verdict


@pytest.mark.parametrize(
    "user_agent",
    [
        "curl/8.5.0",
        "python-requests/2.31.0",
        "Python/3.11 aiohttp/3.9.1",
        "Go-http-client/2.0",
        "okhttp/4.12.0",
        "Java/17.0.1",
        "Apache-HttpClient/4.5.13 (Java/11.0.18)",
        "axios/1.6.0",
        "node",
        "undici",
        "Dart/3.2 (dart:io)",
        "GuzzleHttp/7",
        "libwww-perl/6.67",
        "Faraday v2.7.10",
        "Ruby",
        "PostmanRuntime/7.36.0",
        "reqwest/0.11.22",
        "Mozilla/4.0 (compatible; Win32; WinHttp.WinHttpRequest.5)",
        "Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.19041.1682",
    ],
)
def test_a_library_is_no_browser(classifier, user_agent):
    assert "http-library" in classifier.verdict(user_agent).reasons


@pytest.mark.parametrize(
    "user_agent",
    [
        "QR-Scanner/5.1 CFNetwork/1568.300.101 Darwin/24.2.0",
        "HeartMonitor/3 (iPhone; iOS 18.1; Scale/3.00)",
        "Mastodon/153 CFNetwork/1410.0.3 Darwin/22.6.0",
        "Perlego/4.2 CFNetwork/1390 Darwin/22.0.0",
        "DartsScorer/1.0 (iPhone; iOS 18.1; Scale/3.00)",
        "HyperCatcher/2 CFNetwork/1399 Darwin/22.1.0",
        "DS podcast/1.0.5 (be.example.audio; build:6; Android 10; Sdk:29) OkHttp/4.9.1",
        "Polymail/1.47 (ctrlla.Polymail; build:64; OS X 10.12.6) Alamofire/4.5.1",
    ],
)
def test_an_app_may_name_its_library(classifier, user_agent):
    assert classifier.verdict(user_agent).kind == "person"
