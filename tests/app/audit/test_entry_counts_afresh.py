import pytest

from app.clicks.entry import Entry
from app.dead_letters.letter import Fault
from app.stores.keys import ledger_gaps_key, ledger_key
from app.stores.scripts import script
from tests.support.producers import STREAM, add_entries

GROUP = "analytics-group"


def assert_whole(ledger, again=0):
    counted = ledger.count()
    assert (counted.rest, counted.again) == (ledger.noted().base, again)
    assert min(counted) >= 0


def test_a_group_that_was_set_back_by_hand_leaves_no_negative_numbers(
    redis, consumer, more, ledger
):
    more()
    ids = add_entries(redis, 4)
    consumer.finish(consumer.read(4))
    redis.xgroup_setid(STREAM, GROUP, ids[1])
    assert more() == 0
    assert_whole(ledger, again=2)
    consumer.finish(consumer.read(4))
    assert more() == 0
    assert_whole(ledger, again=2)
    assert ledger.gaps(0) == []


def test_what_went_missing_stays_missing_when_the_group_is_destroyed(redis, consumer, more, ledger):
    more()
    redis.xdel(STREAM, *add_entries(redis, 3))
    add_entries(redis, 10)
    consumer.finish(consumer.read(6))
    assert more() == 3
    for _ in range(2):
        redis.xgroup_destroy(STREAM, GROUP)
        assert ledger.check() is None
        consumer.stream.ensure_group()
        assert more() == 0
        consumer.finish(consumer.read(7))
        assert more() == 0
        counted = ledger.count()
        assert (counted.rest, counted.unread) == (3, 3)
    assert counted.again == 6 + 7
    redis.xdel(STREAM, *[one[0] for one in redis.xrange(STREAM)[-2:]])
    assert more() == 2
    assert [gap.entries for gap in ledger.gaps(0)] == [3, 2]


def test_a_group_that_another_made_anew_is_no_loss_either(redis, consumer, more, ledger):
    more()
    add_entries(redis, 4)
    consumer.finish(consumer.read(3))
    more()
    redis.xgroup_destroy(STREAM, GROUP)
    redis.xgroup_create(STREAM, GROUP, "0")
    consumer.stream.ensure_group()
    consumer.finish(consumer.read(4))
    assert more() == 0
    assert_whole(ledger, again=3)


def test_a_group_that_was_made_anew_at_the_end_has_lost_what_it_skips(redis, consumer, more):
    more()
    add_entries(redis, 4)
    consumer.finish(consumer.read(3))
    more()
    redis.xgroup_destroy(STREAM, GROUP)
    redis.xgroup_create(STREAM, GROUP, "$")
    assert more() == 1


@pytest.mark.parametrize("how", ["destroyed", "made anew by another", "set back"])
def test_an_entry_is_one_dead_letter_however_often_the_group_begins_anew(
    redis, consumer, more, ledger, how
):
    more()
    add_entries(redis, 3)
    fields = [b"number", b"0"]
    for round_number in range(3):
        for entry_id in consumer.read(3):
            consumer.stream.dead_letter(Entry(entry_id, fields), Fault("odd", ""), 1)
        assert more() == 0
        assert_whole(ledger, again=3 * round_number)
        if how == "set back":
            redis.xgroup_setid(STREAM, GROUP, "0")
        else:
            redis.xgroup_destroy(STREAM, GROUP)
        if how == "made anew by another":
            redis.xgroup_create(STREAM, GROUP, "0")
        consumer.stream.ensure_group()
    assert redis.xlen("clicks:dead") == 3
    add_entries(redis, 1)
    *_, newest = consumer.read(4)
    consumer.stream.dead_letter(Entry(newest, fields), Fault("odd", ""), 1)
    assert redis.xlen("clicks:dead") == 4


@pytest.mark.parametrize("more_than_before", [False, True])
def test_a_stream_that_was_deleted_is_told_of_with_what_was_unfinished(
    redis, consumer, more, ledger, more_than_before
):
    more()
    add_entries(redis, 6)
    consumer.finish(consumer.read(4))
    more()
    redis.delete(STREAM)
    consumer.stream.ensure_group()
    add_entries(redis, 20 if more_than_before else 2)
    assert more() == 2
    [gap] = ledger.gaps(0)
    assert (gap.entries, gap.is_emptied) == (2, True)
    consumer.finish(consumer.read(20))
    assert more() == 0
    counted = ledger.count()
    assert (counted.rest, counted.unread, counted.again) == (2, 0, 0)


def test_a_stream_that_was_deleted_when_all_was_finished_is_told_of_too(
    redis, consumer, more, ledger
):
    more()
    add_entries(redis, 4)
    consumer.finish(consumer.read(4))
    more()
    redis.delete(STREAM)
    redis.xgroup_create(STREAM, GROUP, "0", mkstream=True)
    assert more() == 0
    [gap] = ledger.gaps_of_a_day()
    assert (gap.entries, gap.is_emptied) == (0, True)
    assert_whole(ledger)


def note(redis, ledger, time_ms: int, rest: int, added: int) -> int:
    """Note a count as another's check does, whenever that had counted."""
    keys = (ledger_key(STREAM, GROUP), ledger_gaps_key(STREAM, GROUP), STREAM)
    return redis.eval(script("app.audit", "note"), 3, *keys, time_ms, rest, "", 0, added)


def test_a_group_that_is_destroyed_before_the_first_entry_is_no_deleted_stream(
    redis, consumer, more, ledger
):
    assert more() == 0
    redis.xgroup_destroy(STREAM, GROUP)
    consumer.stream.ensure_group()
    add_entries(redis, 3)
    assert more() == 0
    assert ledger.gaps(0) == []


def test_a_stream_that_is_deleted_with_its_first_entries_is_told_of(redis, consumer, more, ledger):
    assert more() == 0
    add_entries(redis, 3)
    redis.delete(STREAM)
    consumer.stream.ensure_group()
    more()
    [gap] = ledger.gaps(0)
    assert gap.is_emptied


def test_a_count_that_is_noted_late_is_no_deleted_stream(redis, consumer, more, ledger):
    more()
    add_entries(redis, 5)
    more()
    # Counted before, and the clock was set back between the two counts.
    assert note(redis, ledger, ledger.noted().checked_ms + 60_000, 0, 2) == 0
    assert ledger.gaps(0) == []
    assert more() == 0


def test_a_count_of_a_stream_that_is_gone_is_not_noted(redis, consumer, more, ledger):
    more()
    add_entries(redis, 5)
    consumer.finish(consumer.read(3))
    more()
    redis.delete(STREAM)
    consumer.stream.ensure_group()
    assert note(redis, ledger, ledger.noted().checked_ms + 1_000, 0, 5) == 0
    assert ledger.gaps(0) == []
    assert more() == 2
    [gap] = ledger.gaps(0)
    assert (gap.entries, gap.is_emptied) == (2, True)
