from collections.abc import Iterator

import pytest

from app.keys.sessions import IDLE_SECONDS, Session, Sessions
from app.stores.redis.client import connect

HELD = Session("abc", "0" * 64)


@pytest.fixture
def sessions(redis_url: str) -> Iterator[Sessions]:
    with connect(redis_url, timeout_seconds=30) as client:
        yield Sessions(client, redis_url)


def test_a_session_is_found_by_what_the_browser_sends_until_it_ends(sessions: Sessions) -> None:
    token, other = sessions.begin(HELD), sessions.begin(HELD)
    assert sessions.find(token) == HELD
    sessions.end(token)
    assert sessions.find(token) is None
    assert sessions.find(other) == HELD


@pytest.mark.parametrize("token", ["", "x", "x" * 5000, "\udcff", "\x00"])
def test_what_is_no_token_finds_nothing(sessions: Sessions, token: str) -> None:
    assert sessions.find(token) is None


def test_redis_tells_no_token_and_forgets_who_stays_away(sessions: Sessions) -> None:
    token = sessions.begin(HELD)
    [key] = sessions._client.keys("{api}:session:*")
    assert token.encode() not in key
    sessions._client.expire(key, 5)
    sessions.find(token)
    assert sessions._client.ttl(key) > IDLE_SECONDS - 60
