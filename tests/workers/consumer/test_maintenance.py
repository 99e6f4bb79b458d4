from app.stores.redis.memory import Memory
from workers.consumer.maintenance import (
    FORGET_AFTER_SECONDS,
    PRESSED_SECONDS,
    SWEEP_SECONDS,
    Maintenance,
    forgettable,
)
from workers.stream.admin import ConsumerInfo

LONG_MS = int(FORGET_AFTER_SECONDS * 1000) + 1


def test_only_the_silent_without_pending_entries_are_forgotten():
    consumers = [
        ConsumerInfo("working", 0, 5),
        ConsumerInfo("dead", 0, LONG_MS),
        ConsumerInfo("dead with clicks", 1, LONG_MS),
    ]
    assert forgettable(consumers) == ["dead"]


class FakeAdmin:
    def __init__(self, *, has_lock=True):
        self.done = []
        self._has_lock = has_lock
        self._trims = [7, 5, 0]
        #: What is in use of 100 bytes at each look; none is short.
        self.used = []

    def try_lock(self, for_ms):
        assert for_ms < SWEEP_SECONDS * 1000
        return self._has_lock

    def consumers(self):
        return [ConsumerInfo("gone", 0, LONG_MS)]

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


def maintenance_of(admin, now, stream=None):
    return Maintenance(stream or FakeStream(), admin, 3600.0, lambda: now[0], lambda: 5_000_000)


def test_it_sweeps_every_ten_seconds_and_trims_all_that_is_old():
    now, admin, stream = [0.0], FakeAdmin(), FakeStream()
    maintenance = maintenance_of(admin, now, stream)
    for seconds in (0, SWEEP_SECONDS - 1, SWEEP_SECONDS, SWEEP_SECONDS + 1):
        now[0] = seconds
        maintenance.sweep_if_due()
    assert admin.done == [("trim", 1_400_000)] * 3
    assert stream.forgotten == ["gone"]


def test_only_one_sweeps():
    now, admin = [0.0], FakeAdmin(has_lock=False)
    maintenance = maintenance_of(admin, now)
    now[0] = SWEEP_SECONDS
    maintenance.sweep_if_due()
    assert admin.done == []


def test_finished_entries_go_early_while_memory_is_short_and_it_is_looked_at_every_second():
    now, admin = [0.0], FakeAdmin()
    maintenance = maintenance_of(admin, now)
    admin._trims = []
    admin.used = [66, 66, 63, 59]
    now[0] = SWEEP_SECONDS
    maintenance.sweep_if_due()
    assert admin.done == [("trim", 1_400_000), "early", "early"]
    admin.used = [65, 65, 59]
    now[0] += PRESSED_SECONDS
    maintenance.sweep_if_due()
    assert admin.done[3:] == ["early"]
    admin.used = [62]
    now[0] += PRESSED_SECONDS
    maintenance.sweep_if_due()
    admin.used = [99]
    now[0] += PRESSED_SECONDS
    maintenance.sweep_if_due()
    assert admin.done[4:] == []


def test_it_does_not_go_on_for_ever_when_nothing_finished_is_left():
    now, admin = [0.0], FakeAdmin()
    admin.trim_early = lambda: 0
    admin.used = [99] * 10
    maintenance = maintenance_of(admin, now)
    now[0] = SWEEP_SECONDS
    maintenance.sweep_if_due()
    assert len(admin.used) == 8


def test_what_else_is_due_is_done_in_a_sweep():
    now, done = [0.0], []
    maintenance = Maintenance(
        FakeStream(),
        FakeAdmin(),
        1.0,
        lambda: now[0],
        lambda: 9_000,
        [lambda: done.append(now[0])],
    )
    for seconds in (1.0, SWEEP_SECONDS):
        now[0] = seconds
        maintenance.sweep_if_due()
    assert done == [SWEEP_SECONDS]


def test_what_went_early_is_said_once_a_minute(caplog):
    now, admin = [0.0], FakeAdmin()
    admin._trims = []
    maintenance = maintenance_of(admin, now)
    for second in range(1, 75):
        now[0] = SWEEP_SECONDS + second
        admin.used = [66, 66, 59]
        maintenance._relieve()
    said = [record.args[2] for record in caplog.records]
    assert said == [10, 600]
