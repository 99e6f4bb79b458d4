import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.enrich.client_hints import NONE, ClientHints, read_client_hints, together
from workers.enrich.facts.brands import BRANDS, PLATFORMS
from workers.enrich.user_agent import UserAgent

CHROME = UserAgent("Chrome", "130", "Windows", "10+", "desktop")
PHONE = UserAgent("Chrome Mobile", "130", "Android", "10+", "mobile")
DESKTOP_MODE = UserAgent("Chrome", "130", "Linux", "", "desktop")
#: As Chromium makes them, one a version, and as it once did.
GREASE = (
    '"Not?A_Brand";v="99"',
    '"Not;A=Brand";v="8"',
    '"Not(A:Brand";v="24"',
    '" Not A;Brand";v="99"',
    '";Not A Brand";v="99"',
    '"Not)A;Brand";v="24"',
    r'"\\Not\"A;Brand";v="99"',
    r'"\"Not\\A;Brand";v="99"',
)


@pytest.mark.parametrize("brand", BRANDS)
@pytest.mark.parametrize("grease", GREASE)
def test_a_brand_is_told_wherever_it_stands(brand, grease):
    named = f'"{brand}";v="131"'
    for order in ((grease, named), (named, grease)):
        text = '?0\t"Windows"\t' + ", ".join((*order, '"Chromium";v="131"'))
        assert read_client_hints(text) == ClientHints(False, "Windows", brand, "131")


@pytest.mark.parametrize(
    ("brands", "brand", "version"),
    [
        ('"Chromium";v="126", "Google Chrome";v="126", "Vivaldi";v="6.8"', "Vivaldi", "6"),
        ('"OperaMobile";v="86", ";Not A Brand";v="99", "Opera";v="115"', "OperaMobile", "86"),
        ('"Microsoft Edge";v="131", "Microsoft Edge WebView2";v="131"', "Microsoft Edge", "131"),
        ('"Chromium";v="130", "YaBrowser";v="24.12", "Yowser";v="2.5"', "YaBrowser", "24"),
        ('"Brave"', "Brave", ""),
        ('"Brave";v', "Brave", ""),
        ('"Brave";v=131', "Brave", ""),
        ('"Brave";v="99999"', "Brave", ""),
        ('"Brave";w="1";v="131";x=?1;y=token/*;z=:YQ==:', "Brave", "131"),
        ('"Brave"; v="131"\t,\t"Chromium";v="131"  ', "Brave", "131"),
        ('"Br\\"ave";v="1", "Brave";v="131"', "Brave", "131"),
        ('"Chromium";v="131"', "", ""),
        # No lists of strings (RFC 8941 §4.2): nothing of them counts.
        ('"Brave";v="131",', "", ""),
        ('"Brave";v="131" "Chromium"', "", ""),
        ('"Brave";v="131", Chromium', "", ""),
        ('"Brave";v="131', "", ""),
        ('"Bra\\ve";v="131"', "", ""),
        ('"Brave";V="131"', "", ""),
        ('"Bravé";v="131"', "", ""),
        ("Brave", "", ""),
        ("", "", ""),
    ],
)
def test_brands_are_a_list_of_strings(brands, brand, version):
    hints = read_client_hints(f"?0\t\t{brands}")
    assert (hints.brand, hints.version) == (brand, version)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ('?1\t"Android"\t', ClientHints(True, "Android", "", "")),
        ('?0\t"Chromium OS"\t', ClientHints(False, "Chromium OS", "", "")),
        ('?0\t"Unknown"\t', NONE),
        ("?0\tWindows\t", NONE),
        ('yes\t"Plan 9"\t', NONE),
        ('?1\t"Windows"', ClientHints(True, "Windows", "", "")),
        ("?0", NONE),
        ("", NONE),
    ],
)
def test_platform_and_phone_are_told(field, expected):
    assert read_client_hints(field) == expected


@given(
    st.builds(
        ClientHints,
        st.booleans(),
        st.sampled_from(["", *PLATFORMS]),
        st.sampled_from(["", *BRANDS]),
        st.sampled_from(["", "1", "131"]),
    )
)
def test_what_is_kept_says_the_same_again(hints):
    kept = str(hints)
    again = read_client_hints(kept)
    assert str(again) == kept
    if hints.brand:
        assert again == hints


@given(st.text(max_size=300) | st.text('"\\;=?01 ,\tvBrave:*', max_size=300))
def test_any_text_is_read_and_what_is_kept_is_of_few_words(text):
    kept = str(read_client_hints(text))
    assert re.fullmatch(r'(\?[01]\t"[A-Za-z ]*"\t("[A-Za-z ]+";v="\d{0,3}")?)?', kept)


@pytest.mark.parametrize(
    ("told", "hints", "expected"),
    [
        (CHROME, NONE, CHROME),
        (
            CHROME,
            ClientHints(False, "Windows", "Google Chrome", "130"),
            CHROME,
        ),
        (
            CHROME,
            ClientHints(False, "Windows", "Brave", "131"),
            CHROME._replace(browser="Brave", browser_version="131"),
        ),
        (
            PHONE,
            ClientHints(True, "Android", "DuckDuckGo", "131"),
            PHONE._replace(browser="DuckDuckGo Mobile", browser_version="131"),
        ),
        (
            CHROME._replace(browser="Opera", browser_version="114"),
            ClientHints(False, "Windows", "Opera GX", "114"),
            CHROME._replace(browser="Opera GX", browser_version="114"),
        ),
        # An application's name is finer than the brand of its engine.
        (
            PHONE._replace(browser="Instagram", browser_version="309"),
            ClientHints(True, "Android", "Microsoft Edge", "131"),
            PHONE._replace(browser="Instagram", browser_version="309"),
        ),
        # Frozen or of another system.
        (
            DESKTOP_MODE,
            ClientHints(False, "Android", "Google Chrome", "130"),
            DESKTOP_MODE._replace(os="Android", device="tablet"),
        ),
        (
            DESKTOP_MODE,
            ClientHints(True, "Android", "Google Chrome", "130"),
            DESKTOP_MODE._replace(os="Android", device="mobile"),
        ),
        (
            DESKTOP_MODE,
            ClientHints(False, "Chromium OS", "Google Chrome", "130"),
            DESKTOP_MODE._replace(os="Chrome OS"),
        ),
        (
            PHONE._replace(device="tablet"),
            ClientHints(False, "Windows", "Google Chrome", "130"),
            CHROME._replace(browser="Chrome Mobile", os_version=""),
        ),
        # Finer words for the same, and devices that no hint knows.
        *(
            (same, ClientHints(False, platform, "Google Chrome", "130"), same)
            for same, platform in (
                (DESKTOP_MODE._replace(os="Ubuntu"), "Linux"),
                (PHONE._replace(os="Fire OS", device="tv"), "Android"),
                (PHONE._replace(os="HarmonyOS"), "Android"),
                (PHONE._replace(os="iPadOS", device="tablet"), "iOS"),
                (PHONE, "Linux"),
            )
        ),
        (
            DESKTOP_MODE._replace(os="", device="tv"),
            ClientHints(False, "Linux", "Google Chrome", "130"),
            DESKTOP_MODE._replace(device="tv"),
        ),
        (
            DESKTOP_MODE,
            ClientHints(True, "Linux", "Google Chrome", "130"),
            DESKTOP_MODE._replace(device="mobile"),
        ),
    ],
)
def test_hints_tell_what_a_user_agent_no_longer_does(told, hints, expected):
    assert together(told, hints) == expected


@pytest.mark.parametrize(
    "part",
    [
        '"Brave";v="1", ',
        '"',
        '\\"',
        ";v",
        '";v="',
        "a" * 10,
        '"a";a',
        '"a";a=1;',
        '"\\\\',
        ", ",
        "\t",
    ],
)
def test_hints_are_read_in_linear_time(part):
    """Ten times as long they take some ten times as long, and not a hundred."""
    short, long = (min(_seconds(part, size) for _ in range(5)) for size in (800, 8_000))
    assert long < 60 * max(short, 1e-5)


def _seconds(part: str, size: int) -> float:
    text = "?0\t" + part + "\t" + (part * size)[:size]
    began = time.thread_time()
    read_client_hints(text)
    return time.thread_time() - began
