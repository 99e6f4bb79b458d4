from tests.ha.monitors.failover_observer import Announcement, Look, Promotion, promotions

OLD, NEW, OTHER = 1, 2, 3


def looks():
    return [
        Look(0, OLD, is_master=True, takes_writes=True),
        Look(0, NEW, is_master=False, takes_writes=False),
        Look(0, OTHER, is_master=False, takes_writes=False),
        Look(2_000, NEW, is_master=True, takes_writes=False),
        Look(2_900, NEW, is_master=True, takes_writes=True),
    ]


def test_a_promotion_is_what_the_server_says_and_sentinels_announce():
    said = [Announcement(2_800, 11, NEW), Announcement(2_850, 12, NEW)]
    assert promotions(looks(), said, 1_000) == [Promotion(NEW, 2_000, (2_800, 2_850), 2_900)]


def test_what_no_sentinel_announces_is_none():
    assert promotions(looks(), [], 1_000) == []


def test_who_was_the_master_before_is_not_promoted_by_coming_back():
    said = [Announcement(2_800, 11, NEW)]
    back = [
        *looks(),
        Look(4_000, OLD, is_master=True, takes_writes=False),
        Look(5_000, OLD, is_master=False, takes_writes=False),
    ]
    assert [one.port for one in promotions(back, said, 1_000)] == [NEW]


def test_a_promotion_before_the_moment_is_not_counted():
    assert promotions(looks(), [Announcement(2_800, 11, NEW)], 3_000) == []
