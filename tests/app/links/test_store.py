import itertools
import threading
from collections.abc import Callable, Iterator

import pytest
import redis

from app.links.link import CodeTaken, CorruptLink, Link, LinkDeleted, LinkNotFound, decode, encode
from app.links.store import LinkStore, open_store
from app.links.validation import InvalidLink, LinkOptions
from app.stores.keys import LINK_INDEX, link_key, link_uses_key
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisRefused, RedisUnavailable

TARGET = {"target": "https://example.com/a?b=c"}


@pytest.fixture(params=["one server", "a cluster"])
def redis_url(request: pytest.FixtureRequest, redis_url: str) -> str:
    return redis_url if request.param == "one server" else request.getfixturevalue("cluster").url


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with connect(redis_url, timeout_seconds=30) as client:
        yield client


@pytest.fixture
def make_store(client: redis.Redis, redis_url: str) -> Callable[..., LinkStore]:
    def make(**overrides: object) -> LinkStore:
        options = LinkOptions(["go.example.com"], allow_private_targets=True)
        arguments = {"url": redis_url, "options": options, "code_length": 7, **overrides}
        return LinkStore(client, **arguments)

    return make


@pytest.fixture
def store(make_store: Callable[..., LinkStore]) -> LinkStore:
    return make_store()


def test_a_new_link_has_a_made_up_code_and_is_found_again(store: LinkStore) -> None:
    link = store.create({**TARGET, "tags": ["b", "a"], "expires_at": "30d"})
    assert len(link.code) == 7
    assert store.get(link.code) == link
    assert link.target == TARGET["target"]
    assert link.tags == ("a", "b")


def test_a_chosen_code_is_kept(store: LinkStore) -> None:
    assert store.create(TARGET, code="demo1").code == "demo1"


def test_a_taken_code_is_refused_and_its_link_unharmed(store: LinkStore) -> None:
    store.create(TARGET, code="demo1")
    with pytest.raises(CodeTaken, match="demo1"):
        store.create({"target": "https://elsewhere.example/"}, code="demo1")
    assert store.get("demo1").target == TARGET["target"]


def test_codes_differ_by_case(store: LinkStore) -> None:
    store.create(TARGET, code="demo")
    assert store.create(TARGET, code="Demo").code == "Demo"


def test_a_bad_code_or_target_stores_nothing(store: LinkStore, client: redis.Redis) -> None:
    with pytest.raises(InvalidLink, match=r"^code: "):
        store.create(TARGET, code="a/b")
    with pytest.raises(InvalidLink, match=r"^target: "):
        store.create({"target": "https://go.example.com/x"})
    with pytest.raises(InvalidLink, match=r"^target: "):
        store.create({})
    assert client.dbsize() == 0


def test_a_made_up_code_that_is_taken_is_made_up_anew(make_store: Callable[..., LinkStore]) -> None:
    characters = iter("2222" + "2222" + "2222" + "3333")
    store = make_store(code_length=4, choice=lambda _: next(characters))
    assert store.create(TARGET).code == "2222"
    assert store.create(TARGET).code == "3333"


def test_made_up_codes_grow_when_their_length_is_used_up(
    make_store: Callable[..., LinkStore],
) -> None:
    store = make_store(code_length=4, choice=lambda _: "2")
    assert [store.create(TARGET).code for _ in range(4)] == ["2" * n for n in (4, 5, 6, 7)]
    with pytest.raises(CodeTaken, match="no free code of length 4"):
        store.create(TARGET)


@pytest.mark.parametrize("code", ["nope", "", "a/b", "a\udcff", "x" * 1000, "ü"])
def test_an_unknown_code_is_not_found(store: LinkStore, code: str) -> None:
    for call in (store.get, store.delete, lambda code: store.update(code, {"title": "x"})):
        with pytest.raises(LinkNotFound, match="no link has the code '"):
            call(code)


def test_an_update_changes_what_is_given_and_keeps_the_rest(store: LinkStore) -> None:
    before = store.create({**TARGET, "title": "Old", "click_limit": 5}, code="demo1")
    after = store.update("demo1", {"title": "New", "expires_at": "1h", "disabled": True})
    assert (after.title, after.click_limit, after.target) == ("New", 5, before.target)
    assert after.created_ms == before.created_ms
    assert after.updated_ms > before.updated_ms
    assert after.state(after.created_ms / 1000) == "disabled"
    assert store.get("demo1") == after


def test_every_update_has_a_later_time_even_when_the_clock_stands_still(
    make_store: Callable[..., LinkStore],
) -> None:
    store = make_store(now_ms=lambda: 1_800_000_000_000)
    store.create(TARGET, code="demo1")
    times = [store.update("demo1", {"title": str(n)}).updated_ms for n in range(3)]
    assert times == [1_800_000_000_001, 1_800_000_000_002, 1_800_000_000_003]


def test_editors_at_the_same_time_do_not_overwrite_each_other(
    make_store: Callable[..., LinkStore], store: LinkStore
) -> None:
    store.create(TARGET, code="demo1")
    changes = ({"title": "T"}, {"status": 307}, {"click_limit": 9}, {"tags": ["t"]})
    start = threading.Barrier(len(changes))

    def edit(change: dict[str, object]) -> None:
        editor = make_store()
        start.wait(60)
        editor.update("demo1", change)

    editors = [threading.Thread(target=edit, args=(change,)) for change in changes]
    for editor in editors:
        editor.start()
    for editor in editors:
        editor.join(60)
    link = store.get("demo1")
    assert (link.title, link.status, link.click_limit, link.tags) == ("T", 307, 9, ("t",))


def test_a_bad_update_changes_nothing(store: LinkStore) -> None:
    link = store.create(TARGET, code="demo1")
    with pytest.raises(InvalidLink, match=r"^status: "):
        store.update("demo1", {"title": "New", "status": 200})
    assert store.get("demo1") == link


def test_a_deleted_link_leaves_a_tombstone_that_keeps_its_code_taken(
    store: LinkStore, client: redis.Redis
) -> None:
    store.create({**TARGET, "title": "Secret", "click_limit": 2, "tags": ["t"]}, code="demo1")
    client.set(link_uses_key("demo1"), 2)
    tombstone = store.delete("demo1")
    assert store.get("demo1") == tombstone
    assert tombstone.state(0) == "deleted"
    assert (tombstone.target, tombstone.title, tombstone.tags) == ("", "", ())
    assert store.uses(store.get("demo1")) == 0
    with pytest.raises(CodeTaken):
        store.create(TARGET, code="demo1")


def test_a_deleted_link_is_not_revived_by_a_change(store: LinkStore) -> None:
    store.create(TARGET, code="demo1")
    store.delete("demo1")
    for call in (store.delete, lambda code: store.update(code, {"disabled": False})):
        with pytest.raises(LinkDeleted, match="the link 'demo1' was deleted"):
            call("demo1")
    assert store.get("demo1").deleted


def test_a_link_deleted_under_an_editors_hands_stays_deleted(
    make_store: Callable[..., LinkStore], store: LinkStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The editor has read the link; before it writes, another deletes it."""
    store.create(TARGET, code="demo1")
    editor = make_store()
    exchange = editor.editor.exchange

    def late(raw: bytes, before: Link, link: Link) -> bool:
        if not store.get("demo1").deleted:
            store.delete("demo1")
        return exchange(raw, before, link)

    monkeypatch.setattr(editor.editor, "exchange", late)
    with pytest.raises(LinkDeleted):
        editor.update("demo1", {"title": "New"})
    assert store.get("demo1").deleted


def test_used_clicks_are_counted_beside_the_link(store: LinkStore, client: redis.Redis) -> None:
    store.create({**TARGET, "click_limit": 5}, code="demo1")
    assert store.uses(store.get("demo1")) == 0
    client.incrby(link_uses_key("demo1"), 3)
    assert store.uses(store.get("demo1")) == 3


def test_the_index_entry_stands_before_the_link(store: LinkStore, client: redis.Redis) -> None:
    """A crash between the two leaves an entry that lists skip, never a link that lists miss."""
    client.zadd(LINK_INDEX, {"halfway": 1})
    assert store.links.page().links == ()
    link = store.create(TARGET, code="halfway")
    assert store.links.page().links == (link,)


def test_what_is_no_link_is_said_so_and_kept(store: LinkStore, client: redis.Redis) -> None:
    client.set(link_key("odd"), b"{not json")
    with pytest.raises(CorruptLink, match="'odd'"):
        store.get("odd")
    with pytest.raises(CodeTaken):
        store.create(TARGET, code="odd")
    assert client.get(link_key("odd")) == b"{not json"


def test_new_links_are_put_in_one_go_and_told_what_stands_in_their_way(store: LinkStore) -> None:
    taken = store.create(TARGET, code="b")
    drafts = [store.draft({**TARGET, "tags": ["x", "y"]}, code=code) for code in ("a", "b", "a")]
    first, second, third = store.put_new(drafts)
    assert first is None
    assert second is not None
    assert decode("b", second) == taken
    assert third == encode(drafts[0])


def test_no_link_ever_expires_from_redis(store: LinkStore, client: redis.Redis) -> None:
    store.create({**TARGET, "expires_at": "1s"}, code="demo1")
    store.update("demo1", {"expires_at": "2s"})
    assert client.ttl(link_key("demo1")) == -1


def test_redis_away_is_our_exception(make_settings: Callable[..., object]) -> None:
    away = open_store(make_settings(redis_url="redis://127.0.0.1:1/0"))
    calls: list[Callable[[], object]] = [
        lambda: away.create(TARGET),
        lambda: away.get("a"),
        lambda: away.update("a", {}),
        lambda: away.delete("a"),
        lambda: away.uses(Link(code="a", target="", created_ms=0, updated_ms=0, click_limit=1)),
        away.links.page,
        away.links.count,
        lambda: away.peek(["a"]),
    ]
    for call in calls:
        with pytest.raises(RedisUnavailable, match=r"127\.0\.0\.1:1"):
            call()


def test_it_works_on_every_server_that_is_served(
    any_redis_server: Callable[[], object], make_settings: Callable[..., object]
) -> None:
    store = open_store(make_settings(redis_url=any_redis_server().url))
    codes = [store.create({**TARGET, "tags": ["t"]}).code for _ in range(3)]
    store.update(codes[0], {"title": "x"})
    store.delete(codes[1])
    assert {link.code for link in store.links.page(tag="t").links} == {codes[0], codes[2]}
    assert store.links.count() == 2
    with pytest.raises(CodeTaken):
        store.create(TARGET, code=codes[1])


def test_the_clock_counts_in_milliseconds(store: LinkStore) -> None:
    times = [store.create(TARGET).created_ms for _ in range(3)]
    assert all(earlier <= later for earlier, later in itertools.pairwise(times))
    assert 1_600_000_000_000 < times[0] < 4_102_444_800_000


def test_links_can_be_changed_and_deleted_while_redis_is_full(any_redis_server) -> None:
    url = any_redis_server().url
    options = LinkOptions(["go.example.com"], allow_private_targets=True)
    with connect(url, timeout_seconds=30) as client:
        store = LinkStore(client, url=url, options=options, code_length=7)
        for code in ("one", "two"):
            store.create({**TARGET, "click_limit": 3}, code=code)
        client.config_set("maxmemory", 1)
        assert store.update("one", {"disabled": True, "tags": ["bad"]}).disabled
        assert store.delete("two").deleted
        assert [link.code for link in store.links.scan(tag="bad")] == ["one"]
        with pytest.raises(RedisUnavailable, match="maxmemory"):
            store.create(TARGET)


def test_a_server_that_may_not_be_read_gives_no_sign_of_life(any_redis_server) -> None:
    server = any_redis_server()
    with connect(server.url, timeout_seconds=30) as admin:
        admin.acl_setuser("poor", enabled=True, passwords=["+x"], commands=["+ping", "+client"])
    url = server.url.replace("redis://", "redis://poor:x@")
    options = LinkOptions([], allow_private_targets=True)
    with connect(url, timeout_seconds=30) as client, pytest.raises(RedisRefused, match="perm"):
        LinkStore(client, url=url, options=options, code_length=7).ping()
