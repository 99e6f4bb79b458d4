import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reports.filters import Filter, parse
from app.reports.sums.kinds import BOTH, kinds_kept
from tests.support.plain_count import matches
from tests.support.queries import filters

_VALUES = st.lists(st.sampled_from(["person", "bot", "", "x"]), min_size=1).map(tuple)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("kind=person", {"person"}),
        ("kind!=person", {"bot"}),
        ("not (kind=person or kind=bot)", set()),
        ("kind=person and country=DE", None),
        ("kind~pers", None),
    ],
)
def test_the_kinds_that_a_filter_keeps(text: str, kept: set[str] | None) -> None:
    assert kinds_kept(parse(text)) == kept


def test_without_a_filter_both_are_kept() -> None:
    assert kinds_kept(None) == BOTH


@given(filters(_VALUES, ("kind", "country")))
def test_a_click_is_kept_where_its_kind_is(wanted: Filter) -> None:
    kept = kinds_kept(wanted)
    if kept is not None:
        for kind in BOTH:
            row = {"is_bot": kind == "bot", "country": "whatever"}
            assert matches(wanted, row) == (kind in kept)
