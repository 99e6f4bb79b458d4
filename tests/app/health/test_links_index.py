from pathlib import Path
from typing import Any

import pytest

from app.changes.trail import Trail
from app.health.links_index import index_check, judge_index
from app.links.index.file import IndexFile
from app.links.index.follower import Follower
from app.links.store import open_store


@pytest.fixture
def links(make_settings: Any, redis_url: str) -> Any:
    return open_store(make_settings(redis_url=redis_url))


@pytest.fixture
def trail(links: Any, redis_url: str) -> Trail:
    return Trail(links._client, redis_url)


@pytest.fixture
def follower(links: Any, trail: Trail, tmp_path: Path) -> Follower:
    return Follower(IndexFile(tmp_path / "links.db"), links, trail)


def make(links: Any, code: str) -> None:
    links.create({"target": "https://example.com/"}, code=code)


def test_an_index_that_holds_all_is_well(
    links: Any, trail: Trail, follower: Follower, tmp_path: Path
) -> None:
    make(links, "x")
    follower.fill()
    found = index_check(tmp_path / "links.db", trail)
    assert (found.state, found.text) == ("ok", "1 links, all changes in them")


@pytest.mark.parametrize("has_lines", [False, True])
def test_changes_that_wait_are_a_finding(
    links: Any, trail: Trail, follower: Follower, tmp_path: Path, has_lines: bool
) -> None:
    if has_lines:
        make(links, "x")
    follower.fill()
    make(links, "y")
    made_seconds = trail.page(limit=1).lines[0].made_ms / 1000
    for later, state in ((5, "ok"), (100, "warn")):
        found = index_check(tmp_path / "links.db", trail, lambda: made_seconds + later)  # noqa: B023
        assert found.state == state
    follower.catch_up()
    found = index_check(tmp_path / "links.db", trail, lambda: made_seconds + 100)
    assert found.state == "ok"


def test_no_file_is_made_and_none_is_missed(trail: Trail, tmp_path: Path) -> None:
    path = tmp_path / "links.db"
    assert index_check(path, trail).text == "none on this machine"
    assert not path.exists()


@pytest.mark.parametrize("content", [b"", b"no database" * 1000])
def test_a_file_that_cannot_be_read_stays_and_is_named(
    trail: Trail, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "links ?#.db"
    path.write_bytes(content)
    found = index_check(path, trail)
    assert (found.state, str(path) in found.text) == ("warn", True)
    assert path.read_bytes() == content


def test_an_index_that_is_being_filled_is_told_of() -> None:
    found = judge_index(1_500, 0.0, is_filled=False)
    assert (found.state, found.text) == ("warn", "it is being filled, and holds 1,500 so far")
