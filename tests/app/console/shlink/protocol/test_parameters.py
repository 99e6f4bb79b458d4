from datetime import UTC, datetime

import falcon
import falcon.testing
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.console.shlink.protocol.listing import read_listing
from app.console.shlink.protocol.parameters import Numbering, Parameters, written
from app.console.shlink.protocol.problems import InvalidData


def request(query: str) -> falcon.Request:
    return falcon.testing.create_req(query_string=query)


def test_lists_are_read_in_every_spelling() -> None:
    for query in (
        "tags[]=a&tags[]=b",
        "tags[0]=a&tags[1]=b",
        "tags%5B%5D=a&tags=b",
        "tags=a&tags=b",
    ):
        assert Parameters(request(query)).texts("tags") == ["a", "b"]
    assert Parameters(request("tagsMode=all&xtags[]=b&tags[]=")).texts("tags") == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", Numbering(1, 10)),
        ("page=3&itemsPerPage=7", Numbering(3, 7)),
        ("page=0", Numbering(1, 10)),
        ("page=-4&itemsPerPage=-1", Numbering(1, 50)),
        ("itemsPerPage=1000000", Numbering(1, 50)),
        ("page=1&page=2", Numbering(2, 10)),
    ],
)
def test_pages_are_numbered_from_1_and_bounded(query: str, expected: Numbering) -> None:
    assert Parameters(request(query)).numbering(size=10, most=50) == expected


def test_pagination_says_what_there_is_and_what_can_be_had() -> None:
    numbering = Numbering(2, 10)
    whole = {
        "currentPage": 2,
        "pagesCount": 3,
        "itemsPerPage": 10,
        "itemsInCurrentPage": 10,
        "totalItems": 25,
    }
    assert numbering.describe(10, 25) == numbering.describe(10, 25, 25) == whole
    assert numbering.describe(10, 25, 20) == {**whole, "pagesCount": 2, "bound": 20}
    assert numbering.describe(0, 0)["pagesCount"] == 0


def test_times_have_a_zone_and_the_last_second_counts() -> None:
    read = Parameters(request("startDate=2026-05-01T12:00:00+02:00&endDate=2026-05-02T00:00:00Z"))
    assert read.since() == datetime(2026, 5, 1, 10, tzinfo=UTC)
    assert read.until() == datetime(2026, 5, 2, 0, 0, 1, tzinfo=UTC)
    assert (
        written(datetime(2026, 5, 1, 12, 0, 0, 999_999, tzinfo=UTC)) == "2026-05-01T12:00:00+00:00"
    )


def test_orders_are_read_as_clients_have_written_them() -> None:
    for query, order in (
        ("orderBy=title-DESC", "title-DESC"),
        ("orderBy=title", "title-ASC"),
        ("orderBy[title]=DESC", "title-DESC"),
        ("", "dateCreated-DESC"),
    ):
        assert read_listing(request(query), lambda _: True).order == order
    for query in ("orderBy[title]=UP", "orderBy[luck]=ASC", "orderBy[title]=ASC&orderBy[title]=x"):
        with pytest.raises(InvalidData) as caught:
            read_listing(request(query), lambda _: True)
        assert caught.value.members["invalidElements"] == ["orderBy"]


def test_flags_are_set_by_all_but_words_for_no() -> None:
    for text, expected in (
        ("true", True),
        ("1", True),
        ("false", False),
        ("0", False),
        ("", False),
    ):
        assert Parameters(request(f"excludeBots={text}")).flag("excludeBots") is expected


def test_all_that_is_wrong_is_named() -> None:
    query = (
        "page=x&itemsPerPage=0&startDate=never&orderBy=luck&tagsMode=some&tags[]=%3F&apiKeyName=a"
    )
    with pytest.raises(InvalidData) as caught:
        read_listing(request(query), lambda _: True)
    assert set(caught.value.members["invalidElements"]) == {
        *("page", "itemsPerPage", "startDate", "orderBy", "tagsMode", "tags", "apiKeyName")
    }


_NAMES = st.sampled_from(
    ("page", "itemsPerPage", "startDate", "endDate", "tags[]", "excludeTags[]", "tagsMode")
)
_VALUES = st.text(max_size=30) | st.sampled_from(["-1", "0", "all", "2026-05-01", "a"])


@given(st.dictionaries(_NAMES, st.lists(_VALUES, min_size=1, max_size=3), max_size=5))
def test_any_parameters_are_read_or_refused_by_name(params: dict[str, list[str]]) -> None:
    req = falcon.testing.create_req()
    req._params = {name: each if len(each) > 1 else each[0] for name, each in params.items()}
    try:
        listing = read_listing(req, lambda _: True)
    except InvalidData as problem:
        asked = {name.removesuffix("[]") for name in params}
        named = problem.members["invalidElements"]
        assert isinstance(named, list)
        assert set(named) <= asked
    else:
        assert 1 <= listing.numbering.size <= 1_000
