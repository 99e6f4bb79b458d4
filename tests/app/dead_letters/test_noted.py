import pytest
from redis import Redis

from app.changes.author import Author
from app.changes.trail import Trail, open_trail
from app.clicks.click import to_fields
from app.config.settings import Settings
from app.dead_letters.letter import DeadLetter, Fault, to_letter
from app.dead_letters.noted import NotedLetters
from app.dead_letters.shards import AllDeadLetters, open_all_dead_letters
from app.dead_letters.store import Choice
from app.stores.redis.errors import RedisUnavailable
from tests.conftest import MakeSettings
from tests.support.console import Broken
from tests.support.producers import make_click

ALICE = Author("alice@web1", "hopline dead")


@pytest.fixture
def settings(redis_url: str, make_settings: MakeSettings) -> Settings:
    return make_settings(redis_url=redis_url)


@pytest.fixture
def letters(settings: Settings, redis_url: str) -> AllDeadLetters:
    """Three letters, of which the second was cut."""
    flat = [text.encode() for pair in to_fields(make_click()).items() for text in pair]
    with Redis.from_url(redis_url) as redis:
        for place, extra in ((1, b""), (2, b"x" * 200_000), (3, b"")):
            letter = to_letter(b"1-1", [*flat, b"odd", extra], Fault("poison", "it was"), "me", 1)
            redis.execute_command("XADD", "clicks:dead", f"{place}-0", *letter)
    return open_all_dead_letters(settings)


@pytest.fixture
def trail(settings: Settings) -> Trail:
    return open_trail(settings)


def all_of(letters: AllDeadLetters) -> list[DeadLetter]:
    return list(letters.find(Choice()))


def test_many_letters_leave_one_line_that_counts_them(
    letters: AllDeadLetters, trail: Trail
) -> None:
    outcome = NotedLetters(letters, trail, ALICE).requeue(all_of(letters))
    assert (outcome.changed, len(outcome.refused)) == (2, 1)
    (line,) = trail.page().lines
    assert (line.change.what, line.change.subject, line.change.count) == (
        *("letter.requeued", ""),
        3,
    )
    assert (line.change.author, line.change.before) == (ALICE, {"reason": ["poison"]})


def test_letters_that_somebody_else_has_changed_leave_no_line(
    letters: AllDeadLetters, trail: Trail
) -> None:
    chosen = all_of(letters)
    for letter in chosen:
        letters.purge(letter)
    assert NotedLetters(letters, trail, ALICE).purge(chosen).changed == 0
    assert trail.page().lines == ()


def test_where_no_line_can_be_written_nothing_is_changed(letters: AllDeadLetters) -> None:
    noted = NotedLetters(letters, Broken(RedisUnavailable("away")), ALICE)
    with pytest.raises(RedisUnavailable):
        noted.purge(all_of(letters))
    assert len(all_of(letters)) == 3
