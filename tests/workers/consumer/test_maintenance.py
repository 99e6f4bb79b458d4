from app.stores.memory_marks import Memory
from workers.consumer.maintenance import (
    FORGET_AFTER_SECONDS,
    PRESSED_SECONDS,
    SWEEP_SECONDS,
    Janitor,
    forgettable,
)
from workers.stream.admin import Seen

LONG_MS = int(FORGET_AFTER_SECONDS * 1000) + 1


def test_only_the_silent_without_pending_entries_are_forgotten():
    consumers = [
        Seen("working", 0, 5),
        Seen("dead", 0, LONG_MS),
        Seen("dead with clicks", 1, LONG_MS),
    ]
    assert forgettable(consumers) == ["dead"]


class FakeUpkeep:
    def __init__(self, *, has_turn=True):
        self.done = []
        self._has_turn = has_turn
        self._trims = [7, 5, 0]
        #: What is in use of 100 bytes at each look; none is short.
        self.used = []

    def claims_turn(self, for_ms):
        assert for_ms < SWEEP_SECONDS * 1000
        return self._has_turn

    def consumers(self):
        return [Seen("gone", 0, LONG_MS)]

    def trim(self, before_ms):
        self.done.append(("trim", before_ms))
        return self._trims.pop(0) if self._trims else 0

    def trim_early(self):
        self.done.append("early")
        return 10

    def memory(self):
        return Memory(self.used.pop(0) if self.used else 0, 100)


class FakeStream:
    def __init__(self):
        self.forgotten = []

    def forget(self, name):
        self.forgotten.append(name)
        return True


def janitor_of(upkeep, now, stream=None):
    return Janitor(stream or FakeStream(), upkeep, 3600.0, lambda: now[0], lambda: 5_000_000)


def test_it_sweeps_every_ten_seconds_and_trims_all_that_is_old():
    now, upkeep, stream = [0.0], FakeUpkeep(), FakeStream()
    janitor = janitor_of(upkeep, now, stream)
    for seconds in (0, SWEEP_SECONDS - 1, SWEEP_SECONDS, SWEEP_SECONDS + 1):
        now[0] = seconds
        janitor.sweep_if_due()
    assert upkeep.done == [("trim", 1_400_000)] * 3
    assert stream.forgotten == ["gone"]


def test_only_one_sweeps():
    now, upkeep = [0.0], FakeUpkeep(has_turn=False)
    janitor = janitor_of(upkeep, now)
    now[0] = SWEEP_SECONDS
    janitor.sweep_if_due()
    assert upkeep.done == []


def test_finished_entries_go_early_while_memory_is_short_and_it_is_looked_at_every_second():
    now, upkeep = [0.0], FakeUpkeep()
    janitor = janitor_of(upkeep, now)
    upkeep._trims = []
    upkeep.used = [66, 66, 63, 59]
    now[0] = SWEEP_SECONDS
    janitor.sweep_if_due()
    assert upkeep.done == [("trim", 1_400_000), "early", "early"]
    upkeep.used = [65, 65, 59]
    now[0] += PRESSED_SECONDS
    janitor.sweep_if_due()
    assert upkeep.done[3:] == ["early"]
    upkeep.used = [62]
    now[0] += PRESSED_SECONDS
    janitor.sweep_if_due()
    upkeep.used = [99]
    now[0] += PRESSED_SECONDS
    janitor.sweep_if_due()
    assert upkeep.done[4:] == []


def test_it_does_not_go_on_for_ever_when_nothing_finished_is_left():
    now, upkeep = [0.0], FakeUpkeep()
    upkeep.trim_early = lambda: 0
    upkeep.used = [99] * 10
    janitor = janitor_of(upkeep, now)
    now[0] = SWEEP_SECONDS
    janitor.sweep_if_due()
    assert len(upkeep.used) == 8


def test_what_else_is_due_is_done_in_a_turn():
    now, done = [0.0], []
    janitor = Janitor(
        FakeStream(),
        FakeUpkeep(),
        1.0,
        lambda: now[0],
        lambda: 9_000,
        [lambda: done.append(now[0])],
    )
    for seconds in (1.0, SWEEP_SECONDS):
        now[0] = seconds
        janitor.sweep_if_due()
    assert done == [SWEEP_SECONDS]


def test_what_went_early_is_said_once_a_minute(caplog):
    now, upkeep = [0.0], FakeUpkeep()
    upkeep._trims = []
    janitor = janitor_of(upkeep, now)
    for second in range(1, 75):
        now[0] = SWEEP_SECONDS + second
        upkeep.used = [66, 66, 59]
        janitor._relieve()
    said = [record.args[2] for record in caplog.records]
    assert said == [10, 600]
