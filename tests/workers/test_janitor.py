from workers.janitor import FORGET_AFTER_SECONDS, SWEEP_SECONDS, Janitor, forgettable
from workers.stream import Seen

LONG_MS = int(FORGET_AFTER_SECONDS * 1000) + 1


def test_only_the_silent_without_pending_entries_are_forgotten():
    consumers = [
        Seen("working", 0, 5),
        Seen("dead", 0, LONG_MS),
        Seen("dead with clicks", 1, LONG_MS),
    ]
    assert forgettable(consumers) == ["dead"]


class FakeStream:
    def __init__(self):
        self.looked = 0

    def consumers(self):
        self.looked += 1
        return []


def test_it_looks_once_a_minute():
    now = [0.0]
    stream = FakeStream()
    janitor = Janitor(stream, lambda: now[0])
    for seconds in (0, SWEEP_SECONDS - 1, SWEEP_SECONDS, SWEEP_SECONDS + 1, 2 * SWEEP_SECONDS):
        now[0] = seconds
        janitor.sweep_if_due()
    assert stream.looked == 2
