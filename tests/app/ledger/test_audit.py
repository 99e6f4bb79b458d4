"""The audit with collaborators whose answers change while it looks."""

from collections import Counter

import pytest

from app.ledger.audit import Audit, LedgerNotBegun, Suspects
from app.ledger.clicks import Compared
from app.ledger.entries import EntryCount, Gap, Noted
from app.ledger.sighting import Sighting

NOW_MS = 1_778_414_400_000
ONE, TWO, THREE = (Sighting(NOW_MS - n, bytes([n] * 16)) for n in (1, 2, 3))
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

    def among(self, table, sightings):
        found = self.tables[table] & set(sightings)
        if table == "clicks":
            self.tables["clicks"] |= self._arriving
        return found


class FakeOutstanding:
    """Shows what was given one after the other, at last the same for ever."""

    def __init__(self, *seen):
        self._seen = list(seen)
        self.looks = 0

    def sightings(self, since_ms):
        self.looks += 1
        return self._seen.pop(0) if len(self._seen) > 1 else self._seen[0]


def audit_of(tables, outstanding=None, entries=None, slept=None):
    sleep = [].append if slept is None else slept.append
    outstanding = outstanding or FakeOutstanding({})
    return Audit(entries or FakeEntries(), tables, outstanding, lambda: NOW_MS, sleep, (1.0, 2.0))


def test_a_settled_ledger_is_balanced_at_once():
    slept = []
    found = audit_of(FakeTables([ONE], [ONE]), slept=slept).run()
    assert found.is_balanced
    assert found.total.accepted == 1
    assert slept == [0.0]


def test_clicks_on_their_way_are_no_loss():
    outstanding = FakeOutstanding({"pending": {ONE}, "unread": {TWO}, "spooled": {THREE, ONE}})
    found = audit_of(FakeTables([ONE], []), outstanding).run()
    assert found.is_balanced
    total = found.total
    assert (total.pending, total.unread, total.spooled, total.inserted) == (1, 1, 1, 0)


def test_a_click_that_arrives_meanwhile_is_inserted():
    found = audit_of(FakeTables([ONE], [], arriving=[ONE])).run()
    assert found.is_balanced
    assert found.total.inserted == 1


def test_a_click_that_is_sent_again_after_a_while_is_no_loss():
    outstanding = FakeOutstanding({}, {}, {"unread": {ONE}})
    found = audit_of(FakeTables([ONE], []), outstanding).run()
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
    outstanding = FakeOutstanding({"pending": {ONE}})
    assert audit_of(FakeTables([ONE], [ONE]), outstanding).suspects(0) == Suspects([], [])
    assert audit_of(FakeTables([ONE], [], arriving=[ONE]), outstanding).suspects(0) == ([], [])
    assert outstanding.looks <= 1
    assert audit_of(FakeTables([ONE, TWO], []), outstanding).suspects(0) == ([TWO], [])
