import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis

from app.links.link import CodeTaken, LinkContended
from app.links.precondition import Precondition
from app.links.store import LinkStore
from app.links.unique import make_once
from app.links.validation import InvalidLink, LinkOptions
from app.stores.keys import LINK_TARGETS_FILLED, LINK_TARGETS_PREFIX
from app.stores.redis.client import connect

TARGET = "https://example.com/a"
GIVEN = {"target": TARGET}


@pytest.fixture(params=["one server", "a cluster"])
def redis_url(request: pytest.FixtureRequest, redis_url: str) -> str:
    return redis_url if request.param == "one server" else request.getfixturevalue("cluster").url


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with connect(redis_url, timeout_seconds=30) as client:
        yield client


@pytest.fixture
def make_store(client: redis.Redis, redis_url: str) -> Callable[[], LinkStore]:
    options = LinkOptions(["go.example.com"], allow_private_targets=True)
    return lambda: LinkStore(client, url=redis_url, options=options, code_length=7)


@pytest.fixture
def store(make_store: Callable[[], LinkStore]) -> LinkStore:
    return make_store()


def codes(store: LinkStore) -> list[str]:
    return sorted(link.code for link in store.links.scan())


def test_a_target_gets_one_link_however_often_it_is_asked_for(store: LinkStore) -> None:
    made, is_new = make_once(store, GIVEN)
    assert is_new
    for given in (GIVEN, {"target": "HTTPS://EXAMPLE.com:443/a"}, {**GIVEN, "title": "Other"}):
        assert make_once(store, given) == (made, False)
    assert make_once(store, GIVEN, code="chosen") == (made, False)
    assert codes(store) == [made.code]


def test_links_that_were_made_otherwise_are_found(store: LinkStore) -> None:
    created = store.create(GIVEN, code="api")
    put, _ = store.put("put", {"target": "https://example.com/b"})
    changed = store.create({"target": "https://example.com/c"}, code="changed")
    changed = store.update("changed", {"target": "https://example.com/d"})
    for link in (created, put, changed):
        assert make_once(store, {"target": link.target}) == (link, False)
    assert make_once(store, {"target": "https://example.com/c"})[1]


def test_links_that_are_older_than_the_index_are_found(
    store: LinkStore, client: redis.Redis
) -> None:
    links = [store.create({"target": f"{TARGET}/{number}"}) for number in range(30)]
    for key in client.scan_iter(match=f"{LINK_TARGETS_PREFIX}*", count=1000):
        client.delete(key)
    client.delete(LINK_TARGETS_FILLED)
    for link in links:
        assert make_once(store, {"target": link.target}) == (link, False)


@pytest.mark.parametrize("given", [{"disabled": True}, {"expires_at": 1}])
def test_a_link_that_leads_nowhere_is_nobody_s_short_link(
    store: LinkStore, given: dict[str, Any]
) -> None:
    old = store.create({**GIVEN, **given})
    made, is_new = make_once(store, GIVEN)
    assert is_new
    assert made.code != old.code
    assert make_once(store, GIVEN) == (made, False)


def test_a_deleted_link_is_followed_by_a_new_one(store: LinkStore) -> None:
    old, _ = make_once(store, GIVEN)
    store.delete(old.code)
    made, is_new = make_once(store, GIVEN)
    assert is_new
    assert codes(store) == [made.code]


def test_a_taken_code_is_refused_and_the_target_can_be_asked_for_again(store: LinkStore) -> None:
    store.create({"target": "https://example.com/other"}, code="taken")
    with pytest.raises(CodeTaken):
        make_once(store, GIVEN, code="taken")
    made, is_new = make_once(store, GIVEN)
    assert is_new
    assert make_once(store, GIVEN) == (made, False)


def test_what_can_be_no_link_claims_nothing(store: LinkStore, client: redis.Redis) -> None:
    for given in ({}, {"target": "ftp://example.com"}, {**GIVEN, "colour": "red"}):
        with pytest.raises(InvalidLink):
            make_once(store, given)
    assert client.dbsize() == 0


def test_who_sees_only_some_links_gets_one_of_these_again(store: LinkStore) -> None:
    everybody, _ = make_once(store, GIVEN)
    ours = Precondition(tags=("ours",))
    given = {**GIVEN, "tags": ["ours"]}
    made, is_new = make_once(store, given, only=ours)
    assert is_new
    for _ in range(3):
        assert make_once(store, given, only=ours) == (made, False)
        assert make_once(store, GIVEN)[0].code in (everybody.code, made.code)
    assert codes(store) == sorted((everybody.code, made.code))


def test_of_many_at_once_one_makes_the_link(make_store: Callable[[], LinkStore]) -> None:
    barrier = threading.Barrier(8)

    def ask(number: int) -> tuple[str, bool]:
        store = make_store()
        barrier.wait()
        link, is_new = make_once(store, {"target": TARGET, "title": str(number)})
        return link.code, is_new

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(ask, range(8)))
    assert len({code for code, _ in found}) == 1
    assert sum(is_new for _, is_new in found) == 1
    assert len(codes(make_store())) == 1


def test_who_was_killed_with_a_claim_keeps_nobody_waiting_for_long(store: LinkStore) -> None:
    assert store.targets.claim(TARGET, "ghost", None)
    waited: list[float] = []
    made, is_new = make_once(store, GIVEN, sleep=waited.append)
    assert is_new
    assert 0 < sum(waited) <= 1
    assert make_once(store, GIVEN) == (made, False)


def test_a_claim_is_waited_for_until_its_link_is_there(store: LinkStore) -> None:
    assert store.targets.claim(TARGET, "slow", None)
    made, is_new = make_once(store, GIVEN, sleep=lambda _: store.create(GIVEN, code="slow"))
    assert (made.code, is_new) == ("slow", False)


def test_who_always_comes_second_is_told_so(
    store: LinkStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store.targets, "claim", lambda *_: False)
    with pytest.raises(LinkContended):
        make_once(store, GIVEN)
