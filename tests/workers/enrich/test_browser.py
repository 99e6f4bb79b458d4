import pytest

from workers.enrich.browser import MAX_NAME_LENGTH, Browsers


@pytest.fixture(scope="module")
def browsers() -> Browsers:
    return Browsers()


@pytest.mark.parametrize(
    ("user_agent", "expected"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
            " Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0",
            ("Edge", "Windows"),
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15"
            " (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
            ("Mobile Safari", "iOS"),
        ),
        (
            "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0",
            ("Firefox", "Ubuntu"),
        ),
        ("", ("", "")),
        ("something of my own", ("", "")),
    ],
)
def test_families_are_read(browsers, user_agent, expected):
    assert browsers.read(user_agent) == expected


def test_names_from_the_user_agent_itself_are_cut(browsers):
    name = browsers.read("a" * 5000 + "bot/1.0").browser
    assert len(name) <= MAX_NAME_LENGTH
