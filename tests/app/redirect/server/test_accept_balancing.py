import pytest

from app.redirect.server.accept_balancing import (
    SILENT_SECONDS,
    SLOTS,
    START_SECONDS,
    SlotTable,
    WorkerSlot,
    exceeds_share,
)


@pytest.mark.parametrize(
    ("mine", "others", "exceeds"),
    [(0, [0], False), (4, [0], False), (5, [0], True), (5, [9, 0], True), (112, [100], False),
     (113, [100], True), (100, [113], False)],
)  # fmt: skip
def test_a_share_is_exceeded_clearly_or_not_at_all(mine, others, exceeds):
    assert exceeds_share(mine, others) is exceeds


def test_a_worker_alone_takes_everybody():
    assert not WorkerSlot(SlotTable(), 1).is_exceeded(1000, now=10.0)


def test_workers_know_of_each_other_until_they_leave_or_fall_silent():
    table = SlotTable()
    mine, other = WorkerSlot(table, 1), WorkerSlot(table, 2)
    other.tell(0, now=10.0)
    assert mine.is_exceeded(10, now=10.0)
    assert not mine.is_exceeded(10, now=10.0 + SILENT_SECONDS)
    other.tell(0, now=20.0)
    other.leave()
    assert not mine.is_exceeded(10, now=1.0)


def test_what_a_worker_says_is_no_reason_for_itself():
    slot = WorkerSlot(SlotTable(), SLOTS + 1)
    slot.tell(0, now=10.0)
    assert not slot.is_exceeded(100, now=10.0)


def test_a_worker_is_starting_from_its_fork_to_its_first_word():
    table = SlotTable()
    old, new = WorkerSlot(table, 1), WorkerSlot(table, 2)
    old.tell(3, now=10.0)
    assert not old.is_one_starting(now=10.0)
    new.expect(now=11.0)
    assert old.is_one_starting(now=11.5)
    new.tell(0, now=12.0)
    assert not old.is_one_starting(now=12.0)


def test_a_worker_that_never_starts_is_not_waited_for_for_ever():
    table = SlotTable()
    old, new = WorkerSlot(table, 1), WorkerSlot(table, 2)
    new.expect(now=11.0)
    assert old.is_one_starting(now=10.9 + START_SECONDS)
    assert not old.is_one_starting(now=11.0 + START_SECONDS)


def test_nothing_is_left_to_a_worker_that_is_only_starting():
    table = SlotTable()
    mine, starting = WorkerSlot(table, 1), WorkerSlot(table, 2)
    starting.expect(now=10.0)
    assert not mine.is_exceeded(1000, now=10.0)
