from tests.chaos.visitors.client_log import Sent
from tests.ha.accounts.counts import Stored, compare


def test_every_click_has_its_place():
    clicks = [Sent(1, 10, 11), Sent(2, 20, 21), Sent(3, 30, 0), Sent(4, 40, 41), Sent(5, 50, 0)]
    counts = compare(clicks, Stored({1: 1, 4: 2, 5: 1, 9: 1}, {}, rows=8))
    assert counts.sent == 5
    assert counts.unanswered == [3, 5]
    assert counts.lost == [2]
    assert counts.doubled == [4]
    assert counts.unknown == [9]
    assert counts.repeated_rows == 3
