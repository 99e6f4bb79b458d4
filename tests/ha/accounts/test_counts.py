from tests.chaos.visitors.client_log import Sent
from tests.ha.accounts.counts import Stored, compare, told_unanswered


def test_every_click_has_its_place():
    clicks = [Sent(1, 10, 11), Sent(2, 20, 21), Sent(3, 30, 0), Sent(4, 40, 41), Sent(5, 50, 0)]
    counts = compare(clicks, Stored({1: 1, 4: 2, 5: 1, 9: 1}, {}, rows=8))
    assert counts.sent == 5
    assert counts.unanswered == [3, 5]
    assert counts.lost == [2]
    assert counts.doubled == [4]
    assert counts.unknown == [9]
    assert counts.repeated_rows == 3


def test_who_was_not_redirected_is_told_with_what_they_got():
    clicks = [
        Sent(3, 3_500, 0, 20_000.2, "host1", "code3"),
        Sent(1, 2_000, 0, 1.4, "host2", "code1", status=503),
        Sent(2, 2_000, 2_002, 2.0, "host2", "code2", status=302),
    ]
    assert told_unanswered(clicks, 3_000) == [
        "1: 503 for code1 at host2 after 1 ms, sent -1,000 ms from the first blow",
        "3: nothing for code3 at host1 after 20000 ms, sent +500 ms from the first blow",
    ]
