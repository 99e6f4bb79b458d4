"""Turns of bulks: few at once, and each is given back however the bulk ends."""

from typing import Any

import falcon
import falcon.testing
import pytest

from app.console.api.links.bulk.exports import EXPORT_PATH
from app.console.api.links.bulk.turns import MOST_AT_ONCE, Turns


def test_who_finds_no_turn_is_told_to_come_again() -> None:
    turns = Turns(1)
    with turns.turn(), pytest.raises(falcon.HTTPServiceUnavailable), turns.turn():
        raise AssertionError
    with turns.turn():
        pass


def test_turns_are_taken_as_long_as_a_bulk_is_at_work() -> None:
    turns = Turns(2)
    assert not turns.are_taken
    with turns.turn():
        with turns.turn():
            assert turns.are_taken
        assert turns.are_taken
    assert not turns.are_taken


def test_answers_under_way_hold_their_turns_until_they_are_sent_or_hung_up_on(
    client: falcon.testing.TestClient, links: Any
) -> None:
    links.create({"target": "https://example.com/"})

    def begin() -> tuple[str, Any]:
        started = falcon.testing.StartResponseMock()
        environ = falcon.testing.create_environ(EXPORT_PATH, host="falconframework.org")
        answer = client.app(environ, started)
        return started.status, answer

    under_way = [begin() for _ in range(MOST_AT_ONCE)]
    assert [status for status, _ in under_way] == ["200 OK"] * MOST_AT_ONCE
    assert begin()[0].startswith("503 ")
    for _, answer in under_way:
        answer.close()
    assert begin()[0] == "200 OK"
