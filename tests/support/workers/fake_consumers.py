"""Consumers that are no processes, for tests that decide themselves what happens to them."""

import os

from workers.process.heartbeat import Heartbeat
from workers.supervisor.rate import Rate


class FakeConsumer:
    """Lives until it is told to end or made to die."""

    def __init__(self, number, settings, predecessor):
        self.number, self.settings, self.predecessor = number, settings, predecessor
        self.name = f"consumer-{id(self)}"
        self.stream = ""
        self.pid = os.getpid()
        self.heartbeat = Heartbeat()
        self.clicks = Rate()
        self.rest = Rate()
        self.exit_code = None
        self.is_hung = False
        self.is_draining = False
        self.was_killed = False

    @property
    def has_worked(self):
        return self.heartbeat.at > 0

    def lived_seconds(self):
        return 0.0

    def work(self):
        self.heartbeat.at = 1.0

    def look(self):
        return False

    def drain(self):
        self.is_draining = True

    def kill(self):
        self.was_killed = True
        self.exit_code = -9

    def close(self):
        assert self.exit_code is not None, "it still lives"
