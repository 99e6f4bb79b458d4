import pytest

from app.clicks.entry import Entry
from workers.consumer.source import FetchedBatch, Pace, Source
from workers.process.heartbeat import Heartbeat, Pulse
from workers.stream.lease import BatchRecord
from workers.stream.stream import FIRST_ID

PACE = Pace(most_entries=100, block_ms=5_000, claim_idle_seconds=60.0)
NOTHING = FetchedBatch([])


class Fakes:
    """Stream and fence that note what they are asked; answers are empty unless a test gives one."""

    def __init__(self):
        self.asked = []
        self.pending = {}
        self.left = {}
        self.batches = []
        self.entries = []
        self.new = []

    def ensure_group(self):
        self.asked.append("group")

    def read(self, count, block_ms, should_end):
        self.asked.append(("read", count, block_ms))
        return self.new.pop(0) if self.new else []

    def ask_ahead(self, count):
        self.asked.append(("ask ahead", count))

    def give_up(self):
        self.asked.append("give up")

    def own(self, count, after):
        self.asked.append(("own", after))
        return self.pending.get(after, [])

    def claim_consumers(self, known_dead, idle_ms):
        self.asked.append(("claim", tuple(known_dead), idle_ms))
        return list(self.left)

    def claim_entries(self, dead, count):
        return self.left[dead].pop(0) if self.left[dead] else []

    def unfinished(self):
        return self.batches[0] if self.batches else None

    def fetch(self, entry_ids, deliveries):
        for entry in self.entries:
            yield [entry._replace(deliveries=deliveries)]

    def forget(self, batch):
        self.asked.append(("forget", batch.name))
        self.batches.remove(batch)


@pytest.fixture
def now():
    return [1000.0]


@pytest.fixture
def fakes():
    return Fakes()


@pytest.fixture
def ask(fakes, now):
    handed_on = []

    def submit(fetched):
        handed_on.append(fetched)
        return True

    source = Source(
        fakes,
        fakes,
        PACE,
        Pulse(Heartbeat()),
        submit,
        lambda: False,
        lambda: now[0],
        "predecessor",
    )

    def ask(within_seconds=float("inf")):
        fakes.asked.clear()
        source.poll(within_seconds)
        return handed_on.pop(), list(fakes.asked)

    ask.source, ask.handed_on = source, handed_on
    return ask


def test_it_begins_with_the_group_and_what_its_predecessor_left(ask, fakes):
    first, second = Entry(b"5-0", [], 2), Entry(b"6-0", [], 2)
    fakes.left = {"predecessor": [[first], [second]]}
    assert ask() == (FetchedBatch([first], is_apart=True), ["group", CLAIM])
    assert ask() == (FetchedBatch([second], is_apart=True), [])
    assert ask() == (NOTHING, [("read", 100, 5_000)])


CLAIM = ("claim", ("predecessor",), 60_000)


def test_a_read_blocks_no_longer_than_the_batch_may_wait(ask):
    ask()
    assert ask(0.25)[1] == [("read", 100, 250)]
    assert ask(0.0)[1] == [("read", 100, 1)]
    assert ask(-3.0)[1] == [("read", 100, 1)]


def test_it_looks_for_the_dead_twice_in_the_time_of_a_lease(ask, now):
    ask()
    now[0] += 29.0
    assert ask()[1] == [("read", 100, 1_000)]
    now[0] += 1.0
    assert ask()[1] == [("claim", (), 60_000), ("read", 100, 5_000)]


def test_batches_of_the_dead_are_finished_first(ask, fakes):
    fakes.batches = [BatchRecord("token@dead", 1, [b"5-0"])]
    fakes.entries = [Entry(b"5-0", []), Entry(b"5-1", [])]
    fakes.left = {"dead": [[Entry(b"6-0", [], 2)]]}
    fetched, _ = ask()
    assert fetched[:3] == ([Entry(b"5-0", [], 2)], True, fakes.batches[0])
    assert list(fetched.pieces()) == [[Entry(b"5-0", [], 2)], [Entry(b"5-1", [], 2)]]
    fakes.batches = []
    assert ask()[0].entries == [Entry(b"6-0", [], 2)]


@pytest.mark.parametrize(("tries", "entries"), [(2, [Entry(b"5-0", [])]), (1, [])])
def test_a_batch_that_killed_two_or_is_gone_is_not_finished_as_one(ask, fakes, tries, entries):
    fakes.batches = [BatchRecord("token@dead", tries, [b"5-0"])]
    fakes.entries = entries
    assert ("forget", "token@dead") in ask()[1]


def test_after_an_error_its_own_entries_come_first_each_once(ask, fakes):
    ask()
    first, second = Entry(b"5-0", []), Entry(b"6-0", [], 2)
    fakes.pending = {FIRST_ID: [first], b"5-0": [second]}
    ask.source.start_over()
    assert ask() == (FetchedBatch([first]), ["group", ("own", FIRST_ID)])
    assert ask() == (FetchedBatch([second], is_apart=True), [("own", b"5-0")])
    assert ask()[1] == [("own", b"6-0"), ("read", 100, 5_000)]
    assert ask()[1] == [("read", 100, 5_000)]


def test_after_an_outage_the_others_get_time_to_renew_their_leases(ask, now):
    ask()
    now[0] += 31.0
    ask.source.start_over()
    assert ask()[1] == ["group", ("own", FIRST_ID), ("read", 100, 5_000)]
    now[0] += 60.0
    assert ask()[1][0] == ("claim", (), 60_000)


def new_entries(count: int) -> list[Entry]:
    return [Entry(b"%d-0" % number, []) for number in range(count)]


@pytest.fixture
def more(ask, fakes):
    def more():
        fakes.asked.clear()
        is_any = ask.source.poll_backlog()
        count = sum(len(fetched.entries) for fetched in ask.handed_on)
        ask.handed_on.clear()
        assert is_any == bool(count)
        return count, list(fakes.asked)

    return more


def test_a_backlog_is_read_in_larger_pieces_and_the_next_is_asked_for_ahead(ask, fakes):
    ask()
    fakes.new = [new_entries(100), new_entries(300), new_entries(299), new_entries(1)]
    assert ask()[1] == [("read", 100, 5_000)]
    assert ask()[1] == [("read", 300, 5_000), ("ask ahead", 300)]
    assert ask()[1] == [("read", 300, 5_000)]
    assert ask()[1] == [("read", 100, 5_000)]


def test_more_is_read_only_while_there_is_a_backlog(ask, more, fakes):
    ask()
    assert more() == (0, [])
    fakes.new = [new_entries(100), new_entries(300), new_entries(7), new_entries(1)]
    ask()
    assert more() == (300, [("read", 300, 1), ("ask ahead", 300)])
    assert more() == (7, [("read", 300, 1)])
    assert more() == (0, [])


def test_nothing_more_is_read_while_something_else_comes_first(ask, more, fakes, now):
    ask()
    fakes.new = [new_entries(100), new_entries(100)]
    ask()
    now[0] += 31.0
    assert more() == (0, [])
    fakes.left = {"dead": [[Entry(b"6-0", [], 2)]]}
    assert ask()[0].is_apart
    assert more() == (0, [])
    ask()
    assert more()[0] == 0
    ask.source.start_over()
    assert more() == (0, [])


def test_after_an_error_its_own_entries_are_looked_at_again_later(ask, fakes, now):
    """A read that was given up may be carried out after the first look."""
    ask()
    ask.source.start_over()
    assert ask()[1] == ["group", ("own", FIRST_ID), ("read", 100, 5_000)]
    fakes.pending = {FIRST_ID: [Entry(b"5-0", [])]}
    now[0] += 60.0
    assert ask() == (FetchedBatch([Entry(b"5-0", [])]), [CLAIM_AGAIN, ("own", FIRST_ID)])
    now[0] += 60.0
    assert ("own", FIRST_ID) not in ask()[1]


CLAIM_AGAIN = ("claim", (), 60_000)
