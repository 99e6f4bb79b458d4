import pytest
from ua_parser.loaders import load_lazy_builtins

from workers.enrich.families import OTHER, known, listed, marked, takes_any_name


@pytest.mark.parametrize(
    ("regex", "family", "any_name"),
    [
        (r"^(.{0,200})/(\d+) CFNetwork", None, True),
        (r"x ([A-z]+[Bb]ot)/", None, True),
        (r"x (\w+)/", "$1 app", True),
        (r"(?:x|y)([^;]*)", "$1", True),
        (r"(Firefox|Chrome)/([a-z]+)", None, False),
        (r"(aws-sdk-v\d|x\.y)/", None, False),
        (r"(.+)bot", "Bot", False),
        (r"\((Kindle)\)", None, False),
        ("no group", None, False),
    ],
)
def test_a_pattern_that_takes_any_name_is_told(regex, family, any_name):
    assert takes_any_name(regex, family) is any_name


def test_of_what_such_patterns_take_known_names_pass():
    names = frozenset({"Googlebot"})
    assert marked(None) == "\0$1"
    assert marked("$1 app") == "\0$1 app"
    assert known("\0Googlebot", names) == "Googlebot"
    assert known("\0 Googlebot ", names) == "Googlebot"
    assert known("\0Mybot", names) == OTHER
    assert known("Firefox", names) == "Firefox"


def test_names_that_stand_in_a_pattern_are_listed():
    assert listed([r"/(Ant|[A-z]+bot|Some Name|a(?:b|c)) (x)"]) == {"Ant", "Some Name"}


def test_few_patterns_of_uap_core_take_any_name():
    """A new release that brings many more would have us name less."""
    browsers, systems, _ = load_lazy_builtins()
    taking = [each.regex for each in browsers if takes_any_name(each.regex, each.family)]
    assert 5 <= len(taking) <= 15
    assert sum(takes_any_name(each.regex, each.family) for each in systems) <= 3
