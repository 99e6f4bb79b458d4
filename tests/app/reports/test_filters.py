import pytest
from hypothesis import given

from app.reports.conditions import COLUMNS
from app.reports.filters import (
    DIMENSIONS,
    MAX_CONDITIONS,
    MAX_DEPTH,
    MAX_VALUES,
    BadFilter,
    Condition,
    Every,
    Filter,
    Not,
    Some,
    join,
    parse,
    write,
)
from tests.support.queries import filters

DE = Condition("country", "=", ("DE",))
CHROME = Condition("browser", "~", ("chrome",))
MOBILE = Condition("device", "!=", ("mobile",))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("country=DE", DE),
        ("  country = DE", Condition("country", "=", ("",))),
        ("country=DE, AT,CH", Condition("country", "=", ("DE", "AT", "CH"))),
        ('country=DE,""', Condition("country", "=", ("DE", ""))),
        ("referrer=", Condition("referrer", "=", ("",))),
        ("country!~E", Condition("country", "!~", ("E",))),
        (r'target="a \"b\" \\ (c), or d"', Condition("target", "=", ('a "b" \\ (c), or d',))),
        (
            "target=https://example.com/?a=b",
            Condition("target", "=", ("https://example.com/?a=b",)),
        ),
        ("country=DE and browser~chrome", Every((DE, CHROME))),
        ("country=DE or browser~chrome and device!=mobile", Some((DE, Every((CHROME, MOBILE))))),
        ("(country=DE or browser~chrome)and device!=mobile", Every((Some((DE, CHROME)), MOBILE))),
        ("not country=DE and browser~chrome", Every((Not(DE), CHROME))),
        ("not (country=DE and browser~chrome)", Not(Every((DE, CHROME)))),
        ("((country=DE))", DE),
        (
            "bot=and and bot=or",
            Every((Condition("bot", "=", ("and",)), Condition("bot", "=", ("or",)))),
        ),
    ],
)
def test_a_filter_is_read_as_it_is_meant(text: str, wanted: Filter) -> None:
    if text.startswith("  "):
        with pytest.raises(BadFilter, match="expected and, or, or the end"):
            parse(text)
    else:
        assert parse(text) == wanted


@given(filters())
def test_what_is_written_is_read_back(wanted: Filter) -> None:
    assert parse(write(wanted)) == wanted


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "at its end: expected one of country, browser"),
        ("moon=full", "at 'moon=full': expected one of country, browser"),
        ("country", "at its end: expected one of != !~ = ~ behind country"),
        ("country>3", "at '>3': expected one of != !~ = ~ behind country"),
        ('country="DE', "expected a closing quote"),
        ("(country=DE", "at its end: expected a closing bracket"),
        ("country=DE)", "at ')': expected and, or, or the end"),
        ("country=DE browser=x", "expected and, or, or the end"),
        ("country=DE and", "at its end: expected one of country"),
        ("not", "at its end: expected one of country"),
        ("(" * 10_000, f"in each other {MAX_DEPTH} deep"),
        ("not " * 10_000 + "country=DE", f"in each other {MAX_DEPTH} deep"),
        (" and ".join(["country=DE"] * (MAX_CONDITIONS + 1)), "more than 100 conditions"),
        ("country=" + "x," * MAX_VALUES, "more than 1000 values for country"),
    ],
)
def test_what_cannot_be_read_says_where(text: str, complaint: str) -> None:
    with pytest.raises(BadFilter) as raised:
        parse(text)
    assert complaint in str(raised.value)


def test_filters_are_joined_so_that_all_have_to_hold() -> None:
    assert join([]) is None
    assert join([DE]) == DE
    assert join([DE, CHROME]) == Every((DE, CHROME))


def test_every_dimension_has_its_column():
    assert COLUMNS.keys() == set(DIMENSIONS)
