"""The audit with collaborators whose answers change while it looks."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audit.audit import Audit, LedgerNotBegun, Suspects
from app.audit.click_comparison import Compared
from app.audit.click_ref import ClickRef
from app.audit.entry_counts import EntryCount, Gap, Noted

NOW_MS = 1_778_414_400_000
ONE, TWO, THREE = (ClickRef(NOW_MS - n, bytes([n] * 16)) for n in (1, 2, 3))
NOTED = Noted(5, NOW_MS - 60_000, NOW_MS, 0, 0, 0, 0)


class FakeEntries:
    def __init__(self, noted=NOTED, gaps=()):
        self._noted = noted
        self._gaps = list(gaps)

    def noted(self):
        return self._noted

    def check(self, *, exactly=False):
        return EntryCount(NOW_MS, 8, 3, 0, 0, 0), 0

    def gaps(self, since_ms):
        return self._gaps


class FakeTables:
    """Two tables; what is in ``arriving`` gets into clicks with the second look."""

    def __init__(self, ledger, clicks, *, arriving=(), reach_ms=0):
        self.tables = {"ledger": set(ledger), "clicks": set(clicks)}
        self._arriving = set(arriving)
        self._reach_ms = reach_ms
        self.since_ms = None

    def reach_ms(self, now_ms):
        return self._reach_ms

    def compare(self, since_ms, now_ms, watch):
        self.since_ms = since_ms
        ledger, clicks = self.tables["ledger"], self.tables["clicks"]
        return Compared(Counter(one.minute for one in ledger), ledger - clicks, clicks - ledger)

    def among(self, table, click_refs):
        found = self.tables[table] & set(click_refs)
        if table == "clicks":
            self.tables["clicks"] |= self._arriving
        return found


class FakeInFlight:
    """Shows what was given one after the other, at last the same for ever."""

    def __init__(self, *seen):
        self._seen = list(seen)
        self.looks = 0

    def click_refs(self, since_ms):
        self.looks += 1
        return self._seen.pop(0) if len(self._seen) > 1 else self._seen[0]


class FakeFinished:
    """Finished clicks; what is in ``leaving`` is out of the stream by the second look."""

    def __init__(self, clicks=(), *, leaving=()):
        self._clicks = {click: b"%d-0" % click.time_ms for click in clicks}
        self._leaving = set(leaving)
        self.asked = []

    def first_ms(self):
        return min((click.time_ms for click in self._clicks), default=None)

    def clicks(self, since_ms, most=None):
        self.asked.append((since_ms, most))
        yield {click: entry for click, entry in self._clicks.items() if click.time_ms >= since_ms}

    def still(self, clicks):
        return {click: entry for click, entry in clicks.items() if click not in self._leaving}


def audit_of(tables, in_flight=None, entries=None, slept=None, finished=None):
    sleep = [].append if slept is None else slept.append
    parts = (in_flight or FakeInFlight({}), finished or FakeFinished())
    return Audit(entries or FakeEntries(), tables, *parts, lambda: NOW_MS, sleep, (1.0, 2.0))


def test_a_settled_ledger_is_balanced_at_once():
    slept = []
    found = audit_of(FakeTables([ONE], [ONE]), slept=slept).run()
    assert found.is_balanced
    assert found.total.accepted == 1
    assert slept == [0.0]


def test_clicks_on_their_way_are_no_loss():
    in_flight = FakeInFlight({"pending": {ONE}, "unread": {TWO}, "spooled": {THREE, ONE}})
    found = audit_of(FakeTables([ONE], []), in_flight).run()
    assert found.is_balanced
    total = found.total
    assert (total.pending, total.unread, total.spooled, total.inserted) == (1, 1, 1, 0)


def test_a_click_that_arrives_meanwhile_is_inserted():
    found = audit_of(FakeTables([ONE], [], arriving=[ONE])).run()
    assert found.is_balanced
    assert found.total.inserted == 1


def test_a_click_that_is_sent_again_after_a_while_is_no_loss():
    in_flight = FakeInFlight({}, {}, {"unread": {ONE}})
    found = audit_of(FakeTables([ONE], []), in_flight).run()
    assert found.is_balanced
    assert found.total.unread == 1


def test_a_click_that_is_nowhere_for_long_is_missing():
    slept = []
    found = audit_of(FakeTables([ONE, TWO], [TWO]), slept=slept).run()
    assert not found.is_balanced
    assert found.suspects == Suspects([ONE], [])
    assert slept == [0.0, 1.0, 2.0]


def test_a_click_that_nobody_accepted_is_uncounted():
    found = audit_of(FakeTables([ONE], [ONE, TWO])).run()
    assert not found.is_balanced
    assert found.suspects == Suspects([], [TWO])
    assert found.total.accepted == 1


def test_entries_that_went_missing_are_a_difference_even_if_all_clicks_are_there():
    entries = FakeEntries(gaps=[Gap(1, 2, 3), Gap(4, 5, -3), Gap(6, 7, 1)])
    found = audit_of(FakeTables([ONE], [ONE]), entries=entries).run()
    assert (found.is_balanced, found.missing_entries) == (False, 1)


@pytest.mark.parametrize(
    ("asked_ms", "reach_ms", "wanted_ms"),
    [(0, 0, NOTED.since_ms), (NOW_MS - 7, 0, NOW_MS - 7), (5, NOW_MS - 3, NOW_MS - 3)],
)
def test_it_looks_no_further_back_than_the_ledger(asked_ms, reach_ms, wanted_ms):
    tables = FakeTables([], [], reach_ms=reach_ms)
    assert audit_of(tables).run(asked_ms).since_ms == wanted_ms
    assert tables.since_ms == wanted_ms


def test_without_a_ledger_there_is_nothing_to_say():
    with pytest.raises(LedgerNotBegun, match="has not begun"):
        audit_of(FakeTables([], []), entries=FakeEntries(noted=None)).run()


def test_suspects_are_looked_for_in_redis_only_where_there_are_any():
    in_flight = FakeInFlight({"pending": {ONE}})

    def suspects(tables):
        return audit_of(tables, in_flight).suspects(0, is_vouched=True)

    assert suspects(FakeTables([ONE], [ONE])) == Suspects([], [])
    assert suspects(FakeTables([ONE], [], arriving=[ONE])) == ([], [])
    assert in_flight.looks <= 1
    assert suspects(FakeTables([ONE, TWO], [])) == ([TWO], [])


def test_a_click_that_both_tables_lost_is_missing_while_its_entry_is_there():
    found = audit_of(FakeTables([ONE], [ONE]), finished=FakeFinished([ONE, TWO])).run()
    assert not found.is_balanced
    assert (found.suspects, found.total.missing) == (Suspects([TWO], []), 1)
    assert (found.total.accepted, found.total.inserted) == (2, 1)
    assert found.replayable == {TWO: b"%d-0" % TWO.time_ms}


def test_a_click_that_one_table_lost_is_missing_once_and_can_be_replayed():
    found = audit_of(FakeTables([ONE, TWO], [ONE]), finished=FakeFinished([ONE, TWO])).run()
    assert (found.total.missing, found.total.accepted) == (1, 2)
    assert found.replayable.keys() == {TWO}


def test_a_click_that_is_erased_meanwhile_is_no_loss():
    finished = FakeFinished([ONE, TWO], leaving=[TWO])
    found = audit_of(FakeTables([ONE], [ONE]), finished=finished).run()
    assert found.is_balanced
    assert found.total.accepted == 1


def test_all_that_the_stream_holds_is_looked_for_unless_this_server_held_it_once():
    finished = FakeFinished([ONE, TWO, THREE])
    tables = FakeTables([ONE, TWO, THREE], [ONE, TWO, THREE])
    since_ms = ONE.time_ms
    for is_vouched in (True, False):
        audit_of(tables, finished=finished).suspects(since_ms, is_vouched=is_vouched)
    (vouched, whole) = finished.asked
    assert vouched[0] == since_ms
    assert vouched[1] > 1000
    assert whole == (THREE.time_ms, None)


FATES = (
    "stored",
    "pending",
    "unread",
    "dead",
    "spooled",
    "erased",
    "lost by clicks",
    "lost by both",
    "lost, and trimmed",
)


@given(st.lists(st.sampled_from(FATES), max_size=30))
def test_exactly_the_lost_clicks_are_missing(fates):
    made = [(ClickRef(NOW_MS - 1 - n, bytes([n] * 16)), fate) for n, fate in enumerate(fates)]

    def those(*wanted):
        return {click for click, fate in made if fate in wanted}

    # A consumer enters a click before it inserts it; a dead letter's entry is finished.
    tables = FakeTables(those("stored", "pending", "lost by clicks"), those("stored"))
    finished = FakeFinished(those("stored", "dead", "lost by clicks", "lost by both"))
    seen = {state: those(state) for state in ("pending", "unread", "dead", "spooled")}
    found = audit_of(tables, FakeInFlight(seen), finished=finished).run()
    lost = those("lost by clicks", "lost by both")
    assert set(found.suspects.missing) == lost == found.replayable.keys()
    assert found.is_balanced == (not lost)
    assert found.total.missing == len(lost)
    assert found.total.accepted == len(made) - len(those("erased", "lost, and trimmed"))
