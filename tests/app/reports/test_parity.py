import pytest

from app.reports.parity import Parity, compared


@pytest.mark.parametrize(
    ("theirs", "finding"),
    [
        (11, "more there"),
        (10, "all clicks"),
        (9, "programs in part"),
        (7, "people"),
        (6, "more here"),
        (0, "more here"),
    ],
)
def test_what_explains_a_count_is_found_beside_seven_clicks_of_people_among_ten(
    theirs: int, finding: str
) -> None:
    assert compared(theirs, 7, 10) == finding


def test_without_programs_both_counts_are_people() -> None:
    assert (compared(3, 3, 3), compared(0, 0, 0)) == ("people", "people")


def test_a_difference_is_above_nothing_where_we_count_more_people() -> None:
    assert [Parity("x", theirs, 7, 10, "people").difference for theirs in (5, 7, 9)] == [2, 0, -2]
