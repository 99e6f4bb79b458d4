import itertools
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.links import listing
from app.links.link import LinkNotFound
from app.links.store import LinkStore, open_store
from app.links.validation import InvalidLink
from app.stores.keys import link_key
from app.stores.redis.client import connect

TARGET = {"target": "https://example.com/"}


@pytest.fixture(params=["one server", "a cluster"])
def redis_url(request: pytest.FixtureRequest, redis_url: str) -> str:
    return redis_url if request.param == "one server" else request.getfixturevalue("cluster").url


@pytest.fixture
def store(redis_url: str, make_settings: Callable[..., object]) -> LinkStore:
    return open_store(make_settings(redis_url=redis_url))


def add(store: LinkStore, *codes: str, created_ms: int | None = None, **given: object) -> None:
    drafts = [store.draft({**TARGET, **given}, code=code, created_ms=created_ms) for code in codes]
    assert store.put_new(drafts) == [None] * len(codes)


def codes(store: LinkStore, **query: object) -> list[str]:
    return [link.code for link in store.links.page(**query).links]


def test_no_links_are_an_empty_page(store: LinkStore) -> None:
    page = store.links.page()
    assert (page.links, page.after) == ((), None)
    assert store.links.count() == 0


def test_the_newest_link_comes_first(store: LinkStore) -> None:
    for number, code in enumerate("abc"):
        add(store, code, created_ms=1000 + number)
    assert codes(store) == ["c", "b", "a"]


@pytest.mark.parametrize("scan", [1, 2, 500], ids=lambda scan: f"reading {scan} at a time")
@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7])
def test_pages_cover_every_link_once_even_those_of_one_millisecond(
    store: LinkStore, limit: int, scan: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "SCAN", scan)
    add(store, *"abcdef", created_ms=1000)
    seen: list[str] = []
    after = None
    for _ in range(10):
        page = store.links.page(after=after, limit=limit)
        seen += [link.code for link in page.links]
        after = page.after
        if after is None:
            break
    assert seen == list("fedcba")


def test_links_added_meanwhile_shift_no_page(store: LinkStore) -> None:
    add(store, *"abcd", created_ms=1000)
    page = store.links.page(limit=2)
    add(store, "new", created_ms=2000)
    assert codes(store, after=page.after) == ["b", "a"]


def test_a_page_can_follow_a_link_that_was_deleted_meanwhile(store: LinkStore) -> None:
    add(store, *"abcd", created_ms=1000)
    store.delete("c")
    assert codes(store, after="c") == ["b", "a"]


@pytest.mark.parametrize("code", ["nope", "", "a\udcff"])
def test_a_page_cannot_follow_a_code_that_never_was(store: LinkStore, code: str) -> None:
    with pytest.raises(LinkNotFound, match="to go on after"):
        store.links.page(after=code)


def test_a_tag_may_be_asked_for_as_it_was_given(store: LinkStore) -> None:
    add(store, "a", tags=["Big Sale"])
    assert codes(store, tag=" big  SALE") == ["a"]
    with pytest.raises(InvalidLink, match=r"^tag: "):
        store.links.page(tag="\udcff")


def test_deleted_links_are_left_out_unless_wanted(store: LinkStore) -> None:
    for number, code in enumerate("abc"):
        add(store, code, created_ms=1000 + number)
    store.delete("b")
    assert codes(store) == ["c", "a"]
    assert [link.code for link in store.links.scan_all()] == ["c", "b", "a"]
    assert (store.links.count(), store.links.count(deleted=True)) == (2, 3)


def test_a_tag_lists_the_links_that_carry_it_now(store: LinkStore) -> None:
    add(store, "a", "b", "c", created_ms=1000, tags=["x"])
    add(store, "d", created_ms=1000, tags=["y"])
    store.update("b", {"tags": ["y"]})
    store.delete("c")
    assert codes(store, tag="x") == ["a"]
    assert codes(store, tag="y") == ["d", "b"]
    assert codes(store, tag="z") == []


def test_a_link_that_cannot_be_read_does_not_hide_the_others(
    store: LinkStore, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    add(store, *"abc", created_ms=1000)
    with connect(redis_url, timeout_seconds=30) as client:
        client.set(link_key("b"), b"[]")
    assert codes(store) == ["c", "a"]
    assert "link 'b' can't be read" in caplog.text


names = st.sampled_from("abcdefgh")
steps = st.lists(st.tuples(st.sampled_from(["add", "delete", "tag", "untag"]), names), max_size=30)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
    max_examples=40,
)
@given(steps)
def test_lists_and_count_agree_with_what_was_done(
    store: LinkStore, steps: list[tuple[str, str]]
) -> None:
    run = next(_runs)
    live: dict[str, bool] = {}
    dead: set[str] = set()
    for step, name in steps:
        code = f"{name}{run}"
        if step == "add" and code not in live and code not in dead:
            add(store, code)
            live[code] = False
        elif step == "delete" and code in live:
            store.delete(code)
            dead.add(code)
            del live[code]
        elif step in ("tag", "untag") and code in live:
            store.update(code, {"tags": [f"t{run}"] if step == "tag" else []})
            live[code] = step == "tag"
    before = _live_before(store, run)
    assert set(codes(store, limit=10_000)) - before == set(live)
    assert store.links.count() == len(before) + len(live)
    assert set(codes(store, tag=f"t{run}")) == {code for code, tagged in live.items() if tagged}


_runs = itertools.count()


def _live_before(store: LinkStore, run: int) -> set[str]:
    return {code for code in codes(store, limit=10_000) if code[1:] != str(run)}
