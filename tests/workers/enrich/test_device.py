import re
import time

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
        "Mozilla/5.0 (Windows NT 6.1; Trident/7.0; Tablet PC 2.0; rv:11.0) like Gecko",
        "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Tablet PC 2.0; InfoPath.2)",
        "Mozilla/5.0 (Windows NT 10.0; Touch; Trident/7.0; TABLETPC; rv:11.0) like Gecko",
        "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Trident/6.0; Touch; Tablet PC 2.0)",
        "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.0; Tablet PC 1.7; .NET CLR 2.0)",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130.0 Safari/537.36 Kindle/1.40",
    ],
    "mobile": [
        "Mozilla/5.0 (Linux; Android 13; Phone) AppleWebKit/537.36 Chrome/119.0.0.0 Mobile"
        " Safari/537.36 Instagram 309.0 Android (33/13)",
        "Mozilla/5.0 (Linux; Android 14) Mobile Safari/537.36 Barcelona 323.1 Android (34/14",
        "Mozilla/5.0 (Linux; Android 13; 2312DRAABG) Mobile Safari/537.36 TwitterAndroid",
        "Mozilla/5.0 (Linux; Android 13; I2011) Mobile Safari/537.36 Snapchat/12.89 (Android 13#",
        "Mozilla/5.0 (Linux; Android 10) Mobile Safari/537.36 [FB_IAB/Orca-Android;FBAV/308]",
        "Mozilla/5.0 (Linux; Android 12; X) Mobile Safari/537.36 [Pinterest/Android]",
        "Mozilla/5.0 (Linux; Android 12; X) Mobile Safari/537.36 [LinkedInApp]/Android",
        "Mozilla/5.0 (Linux; Android 12; X) Mobile Safari/537.36 (Ecosia android@101.0.4951.41)",
        "Mozilla/5.0 (Mobile; LYF/F90M;Android; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2",
        *(
            f"Mozilla/5.0 (Linux; Android 13; X) Mobile Safari/537.36 {app}"
            for app in (
                "GSA/14 android",
                "Line/13 XWEB/Android",
                "trill/2022 Android",
                "DuckDuckGo/5 Android",
                "Reddit/Version 2024/Android 12",
                "KAKAOTALK/10 (INAPP) Android",
                "Telegram-Android/10.1",
                "Teams/Android",
            )
        ),
        "Opera/9.80 (Android; Opera Mini/7.2; U; en) Presto/2.8.119 Version/11.10",
        "Opera/9.80 (Android; Opera Mini/36.2.2254/119.132; U; id) Presto/2.12 Version/12.16",
        "SonyEricssonW100i/1.0 Browser/NetFront Profile/MIDP-2.0 Configuration/CLDC-1.1",
        "SAMSUNG-SGH-E250/1.0 UP.Browser/6.2.3.3 (GUI) MMP/2.0",
        "[FBAN/FBIOS;FBDV/iPhone12,1;FBMD/iPhone]",
        "[FBAN/FB4A;FBAV/567.0.0;FBPN/com.facebook.katana;]",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile/15E148 Safari",
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Android 14; Mobile; rv:131.0) Gecko/131.0 Firefox/131.0",
        "Opera/9.80 (J2ME/MIDP; Opera Mini/7.1; U; en) Presto/2.8.119 Version/11.10",
    ],
    "tablet": [
        "Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari",
        "Mozilla/5.0 (Linux; Android 13; SM-X200) AppleWebKit/537.36 Chrome/130.0 Safari/537.36",
        "Mozilla/5.0 (Linux; Android 11; TB-X606F) Safari/537.36 Instagram 300 Android (30/11)",
        "Mozilla/5.0 (Linux; Android 13; Pixel Tablet) AppleWebKit/537.36 Chrome/130.0 Safari",
        "Mozilla/5.0 (Android 13; Tablet; rv:131.0) Gecko/131.0 Firefox/131.0",
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


@pytest.mark.parametrize("word", ["android", "tizen ", "tizen tv", "mobi", "[fban/"])
def test_a_hostile_user_agent_is_read_in_linear_time(word):
    """Twenty times as long it takes some twenty times as long, and not four hundred."""
    short, long = (min(_seconds(word * count) for _ in range(5)) for count in (2_000, 40_000))
    assert long < 100 * short


def _seconds(user_agent):
    """Return what reading computes for; what others of the machine do counts for nothing."""
    began = time.thread_time()
    device_class(user_agent)
    return time.thread_time() - began


@given(
    st.lists(
        st.sampled_from(["tizen ", "tv", " ", "android", "mobi", "mobile", "x", ";"]), max_size=12
    ).map("".join)
)
def test_two_words_are_told_wherever_they_stand(user_agent):
    is_tv = re.search(r"android ?tv|tizen .*\btv\b", user_agent)
    is_tablet = "android" in user_agent and "mobi" not in user_agent
    device = device_class(user_agent)
    assert (device == "tv") is bool(is_tv)
    assert (device == "tablet") is (not is_tv and is_tablet)
