from tests.chaos.accounts.intervals import Intervals


def test_intervals_that_overlap_count_once():
    intervals = Intervals([(0, 10), (5, 20), (30, 40)])
    assert intervals.covered_ms(0, 100) == 30
    assert intervals.meet(25, 30)
    assert not intervals.meet(21, 29)
