import hashlib
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.enrich.visitor import MS_PER_DAY, Visitors

NOON_MS = 20_000 * MS_PER_DAY + MS_PER_DAY // 2


def salt_of(day: str) -> bytes:
    return hashlib.sha256(day.encode()).digest()


def visitor_id(
    visitors: Visitors, time_ms: int, household: bytes, user_agent: bytes, now_ms: int = NOON_MS
) -> int:
    (found,) = visitors.visitor_ids([time_ms], [household], [user_agent], now_ms)
    return found


def date_of(day: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


households = st.binary(min_size=16, max_size=16)
moments = st.integers(0, MS_PER_DAY - 1)


@given(households, st.binary(), moments, moments)
def test_a_visitor_stays_the_same_all_day(household, user_agent, one_ms, other_ms):
    midnight_ms = 20_000 * MS_PER_DAY
    ids = {
        visitor_id(Visitors(salt_of), midnight_ms + ms, household, user_agent)
        for ms in (one_ms, other_ms)
    }
    assert len(ids) == 1
    assert 0 <= ids.pop() < 1 << 64


@given(households, st.binary())
def test_nobody_is_followed_into_the_next_day(household, user_agent):
    visitors = Visitors(salt_of)
    today = visitor_id(visitors, NOON_MS, household, user_agent)
    assert today != visitor_id(visitors, NOON_MS + MS_PER_DAY, household, user_agent)


@given(households, households, st.binary(), st.binary())
def test_different_visitors_differ(household, other_household, user_agent, other_user_agent):
    visitors = Visitors(salt_of)
    one = visitor_id(visitors, NOON_MS, household, user_agent)
    other = visitor_id(visitors, NOON_MS, other_household, other_user_agent)
    assert (one == other) == ((household, user_agent) == (other_household, other_user_agent))


def test_a_salt_is_asked_for_once_a_day():
    asked = []

    def note(day: str) -> bytes:
        asked.append(day)
        return bytes(32)

    visitors = Visitors(note)
    for ms in (NOON_MS, NOON_MS + 1, NOON_MS + MS_PER_DAY, NOON_MS):
        visitor_id(visitors, ms, bytes(16), b"")
    assert asked == ["2024-10-04", "2024-10-05"]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), min_size=1))
def test_no_process_remembers_a_salt_past_the_midnight_at_which_redis_may_delete_it(steps):
    """Who did would make ids that nobody else makes, and could trace back those of long ago."""
    today, asked = 20_000, []

    def salt_of_today(day: str) -> bytes:
        asked.append((today, day))
        return bytes(32)

    visitors, wanted = Visitors(salt_of_today), []
    for days_later, days_late in steps:
        today += days_later
        now_ms = today * MS_PER_DAY + 1
        visitor_id(visitors, now_ms - days_late * MS_PER_DAY, bytes(16), b"", now_ms)
        wanted.append((today, date_of(today - days_late)))
    assert asked == list(dict.fromkeys(wanted))


def test_a_salt_that_can_not_be_had_is_asked_for_again():
    answers = iter([OSError("away"), bytes(32)])

    def once_away(_day: str) -> bytes:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    visitors = Visitors(once_away)
    with pytest.raises(OSError, match="away"):
        visitor_id(visitors, NOON_MS, bytes(16), b"")
    assert visitor_id(visitors, NOON_MS, bytes(16), b"") > 0


@given(st.lists(st.tuples(st.integers(0, 3 * MS_PER_DAY), households, st.binary()), min_size=1))
def test_many_visitors_have_the_ids_that_each_has_alone(visits):
    visitors = Visitors(salt_of)
    alone = [visitor_id(visitors, *visit) for visit in visits]
    assert list(visitors.visitor_ids(*zip(*visits, strict=True), NOON_MS)) == alone


def test_an_id_is_the_keyed_hash_of_household_and_user_agent():
    """So that a day's visitors stay who they are when the workers are replaced by newer ones."""
    digest = hashlib.blake2b(b"x" * 16 + b"agent", digest_size=8, key=salt_of("2024-10-04"))
    expected = int.from_bytes(digest.digest(), "big")
    assert visitor_id(Visitors(salt_of), NOON_MS, b"x" * 16, b"agent") == expected
