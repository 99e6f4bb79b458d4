import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.labelled import labelled
from workers.enrich.device import CLASSES, Devices

LABELLED = labelled(Path(__file__).parent / "devices.tsv")


@pytest.fixture(scope="module")
def devices() -> Devices:
    return Devices()


def test_every_class_is_labelled():
    assert len(LABELLED) >= 400
    assert {device for _, device in LABELLED} == {*CLASSES} - {"bot"}


@pytest.mark.parametrize("device", [device for device in CLASSES if device != "bot"])
def test_the_class_is_told(devices, device):
    texts = [text for text, expected in LABELLED if expected == device]
    assert {text: devices.read(text) for text in texts} == dict.fromkeys(texts, device)


@pytest.mark.parametrize(
    ("text", "device"),
    [
        # Words of a television, a watch, a car in what phones and computers say.
        (
            "Mozilla/5.0 (Linux; Android 13; TurboX5Hero) Chrome/130.0.0.0 Mobile Safari/537.36",
            "mobile",
        ),
        (
            "Mozilla/5.0 (Linux; Android 13; SM-F946B) Chrome/130.0.0.0 Mobile Safari/537.36",
            "mobile",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Mobile/15E148 Watch/3", "mobile"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130.0.0.0 Safari/537.36 Kindle/1.40",
            "desktop",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) HbbTV Chrome/130.0.0.0 Safari/537.36",
            "desktop",
        ),
        (
            "Mozilla/5.0 (Linux; Android 13; CUBOT QUEST) Chrome/99.0.0.0 Mobile Safari/537.36",
            "mobile",
        ),
    ],
)
def test_the_stronger_word_counts(devices, text, device):
    assert devices.read(text) == device


@given(
    st.lists(
        st.sampled_from(["tizen ", " tv ", " ", "android", "mobi", "mobile", "x", ";"]), max_size=12
    ).map("".join)
)
def test_two_words_are_told_wherever_they_stand(devices, user_agent):
    is_tv = "tizen " in user_agent and re.search(r"\btv\b", user_agent)
    is_tablet = "android" in user_agent and "mobi" not in user_agent
    device = devices.read("Mozilla/5.0 " + user_agent)
    if is_tv:
        assert device == "tv"
    elif device != "tv":
        assert (device == "tablet") is is_tablet


_FACEBOOK = "[FBAN/FB4A;FBDM/{{density={},width={},height={}}};FBDV/Tab-X1;FBSV/6.0;FBOP/1]"
_INSTAGRAM = (
    "Mozilla/5.0 (Linux; Android 8.1.0; Tab X1) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Version/4.0 Chrome/92.0 Safari/537.36 Instagram 205.0.0.0.56 Android"
    " (27/8.1.0; {}dpi; {}x{}; maker; Tab X1; x; mt6739; en_GB; 1)"
)


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (_INSTAGRAM.format(160, 600, 976), "tablet"),
        (_INSTAGRAM.format(160, 1024, 552), "tablet"),
        (_INSTAGRAM.format(320, 1200, 1920), "tablet"),
        (_INSTAGRAM.format(240, 480, 800), "mobile"),
        (_INSTAGRAM.format(272, 1358, 720), "mobile"),
        (_INSTAGRAM.format("00", 720, 1358), "tablet"),
        (_FACEBOOK.format("1.5", 480, 854), "mobile"),
        (_FACEBOOK.format("1.0", 800, 1232), "tablet"),
        (_FACEBOOK.format("0.0", 800, 1232), "tablet"),
        (_FACEBOOK.format("2.625", 1080, 1920), "mobile"),
    ],
)
def test_an_application_that_tells_of_the_screen_tells_a_phone_from_a_tablet(
    devices, user_agent, device
):
    tablet = user_agent.replace("[FBAN", "Dalvik/2.1 (Linux; Android 6; SM-T510) [FBAN")
    assert devices.read(tablet.replace("Tab X1", "SM-T510")) == device


def test_what_stands_far_behind_tells_no_device(devices):
    phone = "Mozilla/5.0 (Linux; Android 13; X) Chrome/130.0.0.0 Mobile Safari/537.36"
    assert devices.read(phone + " Xbox One") == "console"
    assert devices.read(phone + " " * 500 + " Xbox One") == "mobile"
