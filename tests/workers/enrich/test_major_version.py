import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.enrich.facts.apps import APPS
from workers.enrich.major_version import major, version_behind
from workers.enrich.user_agent import UserAgents

MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X {}) AppleWebKit/605.1.15 (KHTML, like Gecko) "
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS {} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
)
ANDROID = (
    "Mozilla/5.0 (Linux; Android {}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0"
    " Mobile Safari/537.36"
)
WEBVIEW = ANDROID.format("14; SM-S928B Build/UP1A; wv", 126)
WINDOWS = (
    "Mozilla/5.0 (Windows NT {}; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/130.0.0.0 Safari/537.36"
)


@pytest.fixture(scope="module")
def user_agents() -> UserAgents:
    return UserAgents()


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("130", "130"),
        ("0", ""),
        ("007", "7"),
        ("2024", ""),
        ("1e3", ""),
        ("١٨", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_a_major_version_has_three_digits_at_most(text, version):
    assert major(text) == version


@pytest.mark.parametrize(
    ("user_agent", "browser"),
    [
        (WINDOWS.format("10.0"), ("Chrome", "130")),
        (WINDOWS.format("10.0") + " Edg/131.0.0.0", ("Edge", "131")),
        (WINDOWS.format("10.0") + " OPR/114.0.0.0", ("Opera", "114")),
        (MAC.format("10_15_7") + "Version/18.1 Safari/605.1.15", ("Safari", "18")),
        (
            IPHONE.format("18_6") + "Version/26.0 Mobile/15E148 Safari/604.1",
            ("Mobile Safari", "26"),
        ),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0",
            ("Firefox", "131"),
        ),
        ("curl/8.14.1", ("curl", "8")),
        (WEBVIEW + " Instagram 309.0.0.40.113 Android (34/14; 420dpi)", ("Instagram", "309")),
        (WEBVIEW + " [FB_IAB/FB4A;FBAV/440.0.0.28.110;]", ("Facebook", "440")),
        (WEBVIEW + " MetaIAB Facebook", ("Facebook", "")),
        (WEBVIEW + " [LinkedInApp]/4.1.900", ("LinkedIn", "4")),
        (WEBVIEW + " Line/13.21.0/IAB", ("LINE", "13")),
        (WEBVIEW + " MicroMessenger/8.0.48.2580(0x28003036)", ("WeChat", "8")),
        (WEBVIEW + " [Pinterest/Android]", ("Pinterest", "")),
        (WEBVIEW + " musical_ly_2023405030 ByteLocale/en", ("TikTok", "")),
        (MAC.format("10_15_7"), ("Apple Mail", "")),
        ("Madeupbot/7.0", ("other", "")),
    ],
)
def test_a_browser_has_its_major_version(user_agents, user_agent, browser):
    told = user_agents.read(user_agent)
    assert (told.browser, told.browser_version) == browser


@pytest.mark.parametrize(
    ("user_agent", "system"),
    [
        (WINDOWS.format("10.0"), ("Windows", "10+")),
        (WINDOWS.format("6.1"), ("Windows", "7")),
        (WINDOWS.format("6.3"), ("Windows", "8.1")),
        (WINDOWS.format("5.1"), ("Windows", "XP")),
        (MAC.format("10_15_7") + "Version/18.1 Safari/605.1.15", ("macOS", "10.15+")),
        (MAC.format("10_13_6") + "Version/11.1 Safari/605.1.15", ("macOS", "10.13")),
        (MAC.format("12_6") + "Version/16.1 Safari/605.1.15", ("macOS", "12")),
        (ANDROID.format("10; K", 130), ("Android", "10+")),
        (ANDROID.format("14; Pixel 8", 120), ("Android", "14")),
        (IPHONE.format("17_5") + "Version/17.5 Mobile/15E148 Safari/604.1", ("iOS", "17")),
        (IPHONE.format("18_6") + "Version/18.6 Mobile/15E148 Safari/604.1", ("iOS", "18")),
        (IPHONE.format("18_6") + "Version/26.0 Mobile/15E148 Safari/604.1", ("iOS", "26")),
        (IPHONE.format("18_7") + "Mobile/15E148", ("iOS", "18+")),
        (IPHONE.format("18_5") + "Mobile/15E148", ("iOS", "18")),
        (
            IPHONE.replace("iPhone;", "iPad;").format("16_6") + "Version/16.6 Mobile Safari/604.1",
            ("iPadOS", "16"),
        ),
        (
            "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) Chrome/130.0.0.0 Safari/537.36",
            ("Chrome OS", ""),
        ),
        (
            "Mozilla/5.0 (Linux; Android 9; AFTTIFF43) Chrome/102.0.0.0 Mobile Safari/537.36",
            ("Fire OS", ""),
        ),
    ],
)
def test_a_system_has_its_version_as_far_as_browsers_still_say_it(user_agents, user_agent, system):
    told = user_agents.read(user_agent)
    assert (told.os, told.os_version) == system


@given(
    st.sampled_from([WINDOWS, MAC + "Version/{}", IPHONE + "Version/{}", "Firefox/{}", "bot/{}"])
    | st.sampled_from(["[LinkedInApp]/{}", "FBAN/x;FBAV/{}", "Tizen {}.{}", "Linux {}.{} x"]),
    st.text("0123456789._", max_size=40),
)
def test_a_visitor_makes_no_version_up_that_is_longer_than_versions_are(user_agents, form, number):
    told = user_agents.read(form.replace("{}", number))
    assert len(told.browser_version) <= 3
    assert len(told.os_version) <= 6


@given(st.text("Version/ 0123v]_-", max_size=30), st.data())
def test_the_version_behind_words_is_one_of_the_texts_numbers(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    found = version_behind(text, start, end)
    assert found == "" or found in text[start:]


def test_every_application_has_words_that_can_be_searched_for(user_agents):
    for app in APPS:
        told = user_agents.read(f"{WEBVIEW} {app}/12.3")
        assert told.browser_version in ("", "12", "126")
