import pytest
from hypothesis import given as fed
from hypothesis import strategies as st

from app.console.api.given import Given, whole_number
from app.console.api.problem import InvalidParameter


def test_what_is_given_is_read_and_what_is_not_is_as_by_default() -> None:
    given = Given({"limit": "7"}, ("limit", "cursor"))
    assert given.read("limit", whole_number(9), 1) == 7
    assert given.read("cursor", str.upper, "none") == "none"
    given.require()


def test_all_that_is_wrong_is_named_at_once() -> None:
    given = Given({"colour": "red", "limit": "0", "cursor": ["a", "b"]}, ("limit", "cursor"))
    assert given.read("limit", whole_number(9), 1) == 1
    assert given.read("cursor", str.upper, "none") == "none"
    with pytest.raises(InvalidParameter) as refused:
        given.require()
    assert dict(refused.value.faults) == {
        "colour": "is none of limit, cursor",
        "cursor": "is there more than once",
        "limit": "'0' is no whole number from 1 to 9",
    }


@fed(text=st.text(max_size=12))
def test_a_whole_number_is_in_its_bounds_or_refused(text: str) -> None:
    try:
        assert 1 <= whole_number(1000)(text) <= 1000
    except ValueError as error:
        assert "no whole number" in str(error)  # noqa: PT017 - both are right
