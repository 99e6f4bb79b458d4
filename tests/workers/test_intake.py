import pytest

from workers.entry import Entry
from workers.intake import Intake, Pace
from workers.stream import FIRST_ID

PACE = Pace(most_entries=100, block_ms=5_000, claim_idle_seconds=60.0)


class FakeStream:
    """Notes what it is asked for; every answer is empty unless a test gives one."""

    def __init__(self):
        self.asked = []
        self.own = {}
        self.claims = {}

    def ensure_group(self):
        self.asked.append("group")

    def read(self, count, block_ms, should_end):
        self.asked.append(("read", count, block_ms))
        return []

    def own_pending(self, count, after):
        self.asked.append(("own", after))
        return self.own.get(after, ([], None))

    def claim(self, count, idle_ms, cursor):
        self.asked.append(("claim", idle_ms, cursor))
        return self.claims.get(cursor, ([], None))


@pytest.fixture
def now():
    return [1000.0]


@pytest.fixture
def stream():
    return FakeStream()


@pytest.fixture
def ask(stream, now):
    intake = Intake(stream, PACE, lambda: now[0])

    def ask(within_seconds=float("inf")):
        stream.asked.clear()
        entries = intake.next(within_seconds, lambda: False)
        return entries, list(stream.asked)

    ask.intake = intake
    return ask


def test_it_begins_with_the_group_and_the_entries_of_the_dead(ask):
    assert ask() == ([], ["group", ("claim", 60_000, FIRST_ID)])
    assert ask() == ([], [("read", 100, 5_000)])


def test_a_read_blocks_no_longer_than_the_batch_may_wait(ask):
    ask()
    assert ask(0.25)[1] == [("read", 100, 250)]
    assert ask(0.0)[1] == [("read", 100, 1)]
    assert ask(-3.0)[1] == [("read", 100, 1)]


def test_it_claims_twice_in_the_time_after_which_entries_are_stale(ask, now):
    ask()
    now[0] += 29.0
    assert ask()[1] == [("read", 100, 1_000)]
    now[0] += 1.0
    assert ask()[1] == [("claim", 60_000, FIRST_ID)]


def test_a_claim_goes_on_until_all_were_looked_at(ask, stream):
    entry = Entry(b"5-0", [])
    stream.claims = {FIRST_ID: ([entry], b"6-0")}
    assert ask()[0] == [entry]
    assert ask()[1] == [("claim", 60_000, b"6-0")]
    assert ask()[1] == [("read", 100, 5_000)]


def test_after_an_error_its_own_entries_come_first_each_once(ask, stream):
    ask()
    first, second = Entry(b"5-0", []), Entry(b"6-0", [])
    stream.own = {FIRST_ID: ([first], b"5-0"), b"5-0": ([second], b"6-0")}
    ask.intake.start_over()
    assert ask() == ([first], ["group", ("own", FIRST_ID)])
    assert ask() == ([second], [("own", b"5-0")])
    assert ask() == ([], [("own", b"6-0")])
    assert ask()[1] == [("read", 100, 5_000)]
