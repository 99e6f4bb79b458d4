import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.enrich.visitor import MS_PER_DAY, Visitors

NOON_MS = 20_000 * MS_PER_DAY + MS_PER_DAY // 2


def salt_of(day: str) -> bytes:
    return hashlib.sha256(day.encode()).digest()


households = st.binary(min_size=16, max_size=16)
moments = st.integers(0, MS_PER_DAY - 1)


@given(households, st.text(), moments, moments)
def test_a_visitor_stays_the_same_all_day(household, user_agent, one_ms, other_ms):
    midnight_ms = 20_000 * MS_PER_DAY
    ids = {
        Visitors(salt_of).visitor_id(midnight_ms + ms, household, user_agent)
        for ms in (one_ms, other_ms)
    }
    assert len(ids) == 1
    assert 0 <= ids.pop() < 1 << 64


@given(households, st.text())
def test_nobody_is_followed_into_the_next_day(household, user_agent):
    visitors = Visitors(salt_of)
    today = visitors.visitor_id(NOON_MS, household, user_agent)
    assert today != visitors.visitor_id(NOON_MS + MS_PER_DAY, household, user_agent)


@given(households, households, st.text(), st.text())
def test_different_visitors_differ(household, other_household, user_agent, other_user_agent):
    visitors = Visitors(salt_of)
    one = visitors.visitor_id(NOON_MS, household, user_agent)
    other = visitors.visitor_id(NOON_MS, other_household, other_user_agent)
    assert (one == other) == ((household, user_agent) == (other_household, other_user_agent))


def test_a_salt_is_asked_for_once_a_day():
    asked = []

    def note(day: str) -> bytes:
        asked.append(day)
        return bytes(32)

    visitors = Visitors(note)
    for ms in (NOON_MS, NOON_MS + 1, NOON_MS + MS_PER_DAY, NOON_MS):
        visitors.visitor_id(ms, bytes(16), "")
    assert asked == ["2024-10-04", "2024-10-05"]


def test_a_salt_that_can_not_be_had_is_asked_for_again():
    answers = iter([OSError("away"), bytes(32)])

    def once_away(_day: str) -> bytes:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    visitors = Visitors(once_away)
    with pytest.raises(OSError, match="away"):
        visitors.visitor_id(NOON_MS, bytes(16), "")
    assert visitors.visitor_id(NOON_MS, bytes(16), "") > 0
