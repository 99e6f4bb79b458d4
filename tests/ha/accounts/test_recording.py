import pytest
from redis import Redis

from tests.chaos.visitors.client_log import REFERRER
from tests.ha.accounts.recording import (
    Entry,
    Gap,
    first_since,
    firsts,
    longest_gap,
    read_entries,
)


@pytest.fixture
def client(redis_url):
    with Redis.from_url(redis_url) as client:
        yield client


def test_only_visitors_entries_are_read_however_many_there_are(client, monkeypatch):
    monkeypatch.setattr("tests.ha.accounts.recording._READ_AT_ONCE", 2)
    for number in range(5):
        client.xadd("clicks", {"referer": f"{REFERRER}{number}"}, id=f"{100 + number}-1")
    client.xadd("clicks", {"referer": ""})
    client.xadd("clicks", {"short_code": "other"})
    entries, place = read_entries(client, "clicks")
    assert entries == [Entry(100 + number, number) for number in range(5)]
    client.xadd("clicks", {"referer": f"{REFERRER}7"})
    assert [entry.number for entry in read_entries(client, "clicks", place)[0]] == [7]


def test_a_click_is_recorded_when_it_first_is():
    assert firsts([Entry(1, 7), Entry(2, 8), Entry(3, 7)]) == [Entry(1, 7), Entry(2, 8)]


def test_the_longest_hole_lies_between_two_entries_that_follow_each_other():
    entries = [Entry(1_000, 1), Entry(4_500, 3), Entry(1_500, 2), Entry(5_000, 4)]
    assert longest_gap(entries) == Gap(1_500, 4_500)
    assert longest_gap(entries).seconds == 3.0
    assert longest_gap([]).seconds == 0.0


def test_recording_goes_on_with_the_first_entry_after_a_moment():
    entries = [Entry(1_000, 1), Entry(2_000, 2), Entry(3_000, 3)]
    assert first_since(entries, 1_001) == 2_000
    assert first_since(entries, 2_000) == 2_000
    assert first_since(entries, 3_001) is None
