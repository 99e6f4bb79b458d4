from collections.abc import Iterator

import pytest
import redis

from app.changes.author import Author
from app.changes.change import MOST, RESTORED, Change, to_entry
from app.changes.trail import BadCursor, Line, Trail, describe
from app.links.store import open_store
from app.stores.keys import API_CHANGES, API_CHANGES_OF
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisUnavailable
from app.stores.scripts import script
from tests.conftest import MakeSettings

ALICE = Author("alice@host", "hopline", request_id="1")


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with connect(redis_url, timeout_seconds=30) as client:
        yield client


@pytest.fixture
def trail(client: redis.Redis, redis_url: str) -> Trail:
    return Trail(client, redis_url)


def subjects(lines: tuple[Line, ...]) -> list[str]:
    return [line.change.subject for line in lines]


def test_changes_are_read_the_newest_first(trail: Trail) -> None:
    made = [Change("link.created", code, ALICE, after={"target": "x"}) for code in "abc"]
    for change in made:
        trail.write(change)
    page = trail.page()
    assert [line.change for line in page.lines] == made[::-1]
    assert page.after is None


def test_pages_neither_repeat_nor_skip_while_changes_are_made(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.changes.trail._SCAN", 3)
    codes = [str(number) for number in range(10)]
    for code in codes:
        trail.write(Change("link.created", code, ALICE))
    found, after = [], None
    for _ in range(4):
        page = trail.page(after=after, limit=3)
        found += subjects(page.lines)
        after = page.after
        trail.write(Change("link.deleted", "meanwhile", ALICE))
    assert found == codes[::-1]
    assert after is None


def test_changes_of_one_link_are_found_among_others(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.changes.trail._SCAN_OF_ONE", 2)
    for number in range(9):
        trail.write(Change("link.changed", "abc"[number % 3], ALICE, after={"status": number}))
    page = trail.page(subject="b", limit=2)
    assert [line.change.after["status"] for line in page.lines] == [7, 4]
    page = trail.page(subject="b", limit=2, after=page.after)
    assert [line.change.after["status"] for line in page.lines] == [1]
    assert page.after is None


@pytest.mark.parametrize("other", ["b", "ab", "", "a\0", "a:"])
def test_no_other_subject_is_taken_for_the_one_that_is_asked_for(trail: Trail, other: str) -> None:
    trail.write(Change("link.created", "a", ALICE))
    trail.write(Change("link.created", "aa", ALICE))
    assert list(trail.of(other)) == []
    assert subjects(tuple(trail.of("a"))) == ["a"]


def test_lines_of_versions_that_listed_none_are_found_beside_new_ones(
    trail: Trail, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.changes.trail._SCAN", 2)
    for number in range(5):
        client.xadd(API_CHANGES, {"what": "link.created", "subject": f"{number % 2}"})
    trail.write(Change("link.deleted", "1", ALICE))
    found = [line.change.what for line in trail.of("1")]
    assert found == ["link.deleted", "link.created", "link.created"]
    trail.write(Change("link.deleted", "0", ALICE))
    assert len(list(trail.of("0"))) == 4


def test_lines_that_go_leave_no_entry_in_the_list(trail: Trail, client: redis.Redis) -> None:
    write = script("app.changes", "write")
    with client.pipeline(transaction=False) as pipeline:
        for number in range(1000):
            change = to_entry(Change("link.changed", f"s{number}", ALICE))
            pipeline.eval(write, 1, API_CHANGES, 300, 1, *change)
        pipeline.execute()
    assert 300 <= client.xlen(API_CHANGES) == client.zcard(API_CHANGES_OF) < 400
    assert list(trail.of("s0")) == []
    assert len(list(trail.of("s999"))) == 1


def test_a_line_may_be_taken_back(trail: Trail, client: redis.Redis) -> None:
    trail.take_back(trail.write(Change("link.created", "a", ALICE)), "a")
    assert trail.page().lines == ()
    assert not client.exists(API_CHANGES_OF)


def test_a_restored_line_is_marked_as_such_for_who_reads_it_here_and_in_no_backup(
    trail: Trail, client: redis.Redis
) -> None:
    entries = [("5-1", {"what": "link.created", "subject": "a"})]
    assert trail.restore(entries) == 0
    trail.write(Change("link.changed", "a", ALICE))
    marks = [RESTORED in fields for _, fields in client.xrange(API_CHANGES)]
    assert marks == [True, False]
    assert list(trail.entries())[:1] == entries
    assert all("restored" not in fields for _, fields in trail.entries())


def test_lines_that_nobody_knows_are_passed_over(trail: Trail, client: redis.Redis) -> None:
    trail.write(Change("link.created", "a", ALICE))
    client.xadd(API_CHANGES, {"what": "moon.landed"})
    assert subjects(trail.page(limit=1).lines) == ["a"]


@pytest.mark.parametrize(
    "cursor", ["", "x", "1", "1-", "-", "+", "(1-1", "1-1 ", "٣-٣", "9" * 21, "0-0"]
)
def test_what_is_no_place_is_refused(trail: Trail, cursor: str) -> None:
    with pytest.raises(BadCursor):
        trail.page(after=cursor)


def test_a_place_beyond_all_numbers_is_refused(trail: Trail) -> None:
    with pytest.raises(BadCursor):
        trail.page(after=f"{2**64}-0")


def test_the_trail_is_bounded(trail: Trail, client: redis.Redis) -> None:
    with client.pipeline(transaction=False) as pipeline:
        for _ in range(MOST):
            pipeline.xadd(API_CHANGES, {"what": "link.created"})
        pipeline.execute()
    for _ in range(300):
        trail.write(Change("link.deleted", "newest", ALICE))
    assert MOST <= client.xlen(API_CHANGES) < MOST + 300
    assert subjects(trail.page(limit=300).lines) == ["newest"] * 300


def test_the_trail_is_bounded_in_bytes_whoever_writes_it(
    trail: Trail, client: redis.Redis, redis_url: str, make_settings: MakeSettings
) -> None:
    links = open_store(make_settings(redis_url=redis_url))
    targets = [f"https://example.com/{letter * 7900}" for letter in "ab"]
    links.create({"target": targets[0]}, code="a")
    line = {"what": "link.changed", "from": targets[0], "to": targets[1]}
    for write in (
        lambda: links.update("a", {"target": targets[1]}),
        lambda: trail.write(Change("link.changed", "newest", ALICE, {"target": targets[0]})),
    ):
        with client.pipeline(transaction=False) as pipeline:
            for _ in range(6000):
                pipeline.xadd(API_CHANGES, line)
            pipeline.execute()
        assert client.memory_usage(API_CHANGES, samples=0) > 90_000_000
        write()
        # It is bounded by what a few of the lines take.
        assert 50_000_000 < client.memory_usage(API_CHANGES, samples=0) < 85_000_000
    assert subjects(trail.page(limit=1).lines) == ["newest"]


def test_a_program_reads_a_line(trail: Trail) -> None:
    change = Change("link.changed", "a", ALICE, {"status": 301}, {"status": 302})
    line_id = trail.write(change).decode()
    (line,) = trail.page().lines
    described = describe(line)
    assert described.pop("made_at").endswith("Z")
    assert described == {
        "id": line_id,
        "what": "link.changed",
        "subject": "a",
        "who": "alice@host",
        "name": "",
        "via": "hopline",
        "request_id": "1",
        "from": {"status": 301},
        "to": {"status": 302},
        "count": 1,
    }


def test_without_redis_there_is_no_trail() -> None:
    url = "redis://127.0.0.1:1/0"
    with pytest.raises(RedisUnavailable):
        Trail(connect(url, timeout_seconds=1), url).page()
