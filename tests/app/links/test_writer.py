"""Each change of a link and its line in the trail: one never without the other."""

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis

from app.changes.author import Author
from app.changes.change import Change
from app.changes.trail import Trail
from app.links.link import LinkChanged, encode
from app.links.precondition import Precondition
from app.links.store import LinkStore, open_store
from app.stores.keys import API_CHANGES, link_key
from app.stores.redis.client import connect
from app.stores.redis.routing import ClusterClient
from tests.support.redirect.waiting import wait_until

TARGET = {"target": "https://example.com/"}
ALICE = Author("key:abc", "http", "shop", "request-1")

#: Makes and changes links until it is killed.
BUSY = """
import itertools, sys
from app.config.settings import Settings
from app.links.store import open_store
store = open_store(Settings(redis_url=sys.argv[1]))
for number in itertools.count():
    code = f"{sys.argv[2]}{number}"
    store.create({"target": "https://example.com/"}, code=code)
    store.update(code, {"title": "new"})
    store.delete(code)
"""
STEPS = ("link.created", "link.changed", "link.deleted")


def step_of(text: bytes) -> str:
    """Return the last step that was taken with a link."""
    return STEPS[2 if b'"deleted"' in text else b'"title"' in text]


@pytest.fixture(params=["one server", "a cluster"])
def redis_url(request: pytest.FixtureRequest, redis_url: str) -> str:
    return redis_url if request.param == "one server" else request.getfixturevalue("cluster").url


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with connect(redis_url, timeout_seconds=30) as client:
        yield client


@pytest.fixture
def store(redis_url: str, make_settings: Callable[..., Any]) -> LinkStore:
    return open_store(make_settings(redis_url=redis_url)).by(ALICE)


@pytest.fixture
def trail(client: redis.Redis, redis_url: str) -> Trail:
    return Trail(client, redis_url)


def lines(trail: Trail) -> list[Change]:
    """Return all changes, the oldest first."""
    return [line.change for line in trail.page(limit=10_000).lines][::-1]


def test_every_change_leaves_a_line_that_says_who_and_from_what_to_what(
    store: LinkStore, trail: Trail
) -> None:
    store.create({**TARGET, "tags": "spring"}, code="a")
    store.update("a", {"target": "https://example.com/new", "tags": [], "title": "New"})
    store.delete("a")
    new = "https://example.com/new"
    assert lines(trail) == [
        Change("link.created", "a", ALICE, {}, {**TARGET, "tags": ["spring"]}),
        Change(
            *("link.changed", "a", ALICE, {**TARGET, "tags": ["spring"]}),
            {"target": new, "title": "New"},
        ),
        Change(
            *("link.deleted", "a", ALICE, {"target": new, "title": "New"}),
            {"target": "", "deleted": True},
        ),
    ]


def test_what_was_not_changed_leaves_none(store: LinkStore, trail: Trail) -> None:
    link = store.create(TARGET, code="a")
    assert store.put_new([link, link]) == [encode(link), encode(link)]
    assert store.put_new([link]) == [encode(link)]
    with pytest.raises(LinkChanged):
        store.update("a", {"title": "x"}, only=Precondition(frozenset(("another",))))
    assert not store._writer.swap(b"{}", link, link)
    assert [change.what for change in lines(trail)] == ["link.created"]


def test_a_piece_of_many_new_links_is_one_line_that_counts_them(
    store: LinkStore, trail: Trail, client: redis.Redis
) -> None:
    drafts = [store.draft(TARGET, code=f"code{number}") for number in range(600)]
    store.put_new(drafts[:1])
    assert store.put_new(drafts).count(None) == 599
    assert store.put_new([]) == []
    first, *others = lines(trail)
    assert first.what == "link.created"
    assert {(line.what, line.author) for line in others} == {("links.created", ALICE)}
    # On a cluster a line is written before it is known what stands in the way, and then mended.
    counts = [599] if isinstance(client, ClusterClient) else [249, 250, 100]
    assert [line.count for line in others] == counts
    told = [code for line in others for code in line.after["codes"]]
    assert sorted(told) == sorted(draft.code for draft in drafts[1:])


def test_a_line_of_somebody_else_says_so(store: LinkStore, trail: Trail) -> None:
    bob = Author("bob@host", "hopline")
    store.by(bob).create(TARGET, code="bobs")
    store.create(TARGET, code="alices")
    assert [change.author.who for change in lines(trail)] == ["bob@host", "key:abc"]


@pytest.mark.parametrize("prefix", "xyz")
def test_no_change_is_without_its_line_whenever_somebody_is_killed(
    redis_url: str, client: redis.Redis, trail: Trail, prefix: str
) -> None:
    busy = subprocess.Popen([sys.executable, "-c", BUSY, redis_url, prefix])
    try:
        wait_until(lambda: client.xlen(API_CHANGES) > 20)
    finally:
        os.kill(busy.pid, signal.SIGKILL)
        busy.wait()
    told = {change.subject: change.what for change in lines(trail)}
    numbers = itertools.takewhile(
        lambda number: client.exists(link_key(f"{prefix}{number}")), itertools.count()
    )
    texts = {code: client.get(link_key(code)) for code in map(f"{prefix}{{}}".format, numbers)}
    assert len(texts) >= 7
    is_cluster = isinstance(client, ClusterClient)
    for code, text in texts.items():
        # On a cluster the line of the last change may be there, and the change not.
        steps = STEPS.index(told[code]) - STEPS.index(step_of(text))
        assert steps in ((0, 1) if is_cluster else (0,))
    assert len(told) - len(texts) in ((0, 1) if is_cluster else (0,))
