import pytest

from app.console.pages.site import words


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (0, None, ""),
        (5, 0, "new"),
        (0, 0, "±0\u202f%"),
        (15, 10, "+50\u202f%"),
        (5, 10, "\u221250\u202f%"),
        (10, 10, "±0\u202f%"),
        (1000, 10, "\u00d7100"),
        (1005, 1000, "+0.5\u202f%"),
    ],
)
def test_a_change_is_said_with_its_sign(now: int, before: int | None, said: str) -> None:
    assert words.change(now, before) == said


def test_a_share_that_is_there_is_never_nothing() -> None:
    assert [words.percent(each) for each in (0, 0.0001, 0.05, 0.5, 1)] == [
        "0.0\u202f%", "<0.1\u202f%", "5.0\u202f%", "50\u202f%", "100\u202f%",
    ]  # fmt: skip


def test_a_promise_that_was_not_kept_once_is_never_said_to_be_kept() -> None:
    shares = {1: "100", 0.999: "99.9", 0.999_999_9: "99.999", 0.5: "50", 0.95: "95", 0: "0"}
    assert {each: words.kept(each) for each in shares} == {
        each: f"{text}\u202f%" for each, text in shares.items()
    }


def test_how_long_something_is_has_a_unit() -> None:
    lengths = {0: "0 s", 59: "59 s", 60: "1 minute", 300: "5 minutes", 3600: "1 hour"}
    assert {each: words.span(each) for each in lengths} == lengths


def test_values_have_names_that_people_know() -> None:
    assert words.value_name("DE", "country") == "Germany"
    assert words.value_name("ZZ", "country") == "ZZ"
    assert words.value_name("", "country") == "Unknown"
    assert words.value_name("tv", "device") == "TV"
    assert words.value_name("agent", "verdict") == "AI agents for a person"


@pytest.mark.parametrize(
    "text", ["javascript:alert(1)", "data:text/html,x", "//x", "", " http://x"]
)
def test_nothing_but_http_is_a_link(text: str) -> None:
    assert words.safe_url(text) == "#"
    assert words.safe_url("HTTPS://x") == "HTTPS://x"
