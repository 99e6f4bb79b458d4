"""The search index finds what a look at every link finds, after every change, kill and loss."""

import itertools
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import redis

from app.changes.author import Author
from app.changes.change import Change
from app.changes.trail import Trail
from app.links.index.file import IndexFile, IndexUnusable
from app.links.index.follower import Follower, NotFilled
from app.links.index.index import LinkIndex
from app.links.index.question import SORTS, Question
from app.links.link import Link
from app.links.store import LinkStore
from app.stores.keys import API_CHANGES, LINK_INDEX, link_key, link_uses_key

NOW = 2_000_000_000.0
ALICE = Author("alice@host", "hopline")
ALL = Question()

#: Makes links while the index follows, until it is killed.
FOLLOWING = """
import sys
from app.config.settings import Settings
from app.links.index.index import open_index
index = open_index(Settings(redis_url=sys.argv[1], index_dir=sys.argv[2]))
while True:
    index.follower.fill()
    index.follower.catch_up()
    print("caught up", flush=True)
"""


@pytest.fixture
def make_index(
    store: LinkStore, client: redis.Redis, url: str, tmp_path: Path
) -> Callable[[], LinkIndex]:
    def make() -> LinkIndex:
        file = IndexFile(tmp_path / "index" / "links.db")
        is_late = "cluster" in url
        follower = Follower(file, store, Trail(client, url), is_late=is_late, clock=lambda: NOW)
        return LinkIndex(file, store, follower)

    return make


@pytest.fixture
def index(make_index: Callable[[], LinkIndex]) -> LinkIndex:
    index = make_index()
    index.follower.fill()
    return index


def put(store: LinkStore, *links: Link) -> None:
    assert store.put_new(links) == [None] * len(links)


def link(code: str, created_ms: int = 1, **terms: Any) -> Link:
    terms = {"target": "https://example.com/", **terms}
    return Link(code=code, created_ms=created_ms, updated_ms=created_ms, **terms)


def found(index: LinkIndex, question: Question = ALL, limit: int = 100) -> list[str]:
    return [hit.link.code for hit in index.find(question, limit=limit).hits]


def test_links_that_were_there_before_are_filled_in(
    store: LinkStore, make_index: Callable[[], LinkIndex], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.links.index.follower._PIECE", 3)
    put(store, *(link(f"c{number:02}", number) for number in range(10)))
    store.delete("c03")
    index, told = make_index(), list[tuple[int, int]]()
    with pytest.raises(NotFilled):
        index.find(Question(), limit=1)
    index.follower.fill(lambda done, total: told.append((done, total)))
    assert found(index) == [f"c{number:02}" for number in range(9, -1, -1) if number != 3]
    assert found(index, Question(state="deleted")) == ["c03"]
    assert told[-1] == (10, 10)


def test_a_fill_that_was_interrupted_goes_on(
    store: LinkStore, make_index: Callable[[], LinkIndex], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.links.index.follower._PIECE", 2)
    put(store, *(link(f"c{number}", number) for number in range(6)))

    def interrupt(done: int, _: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_index().follower.fill(interrupt)
    store.delete("c5")
    put(store, link("new", 9))
    store.update("c0", {"title": "changed"})
    again, told = make_index(), list[int]()
    again.follower.fill(lambda done, _: told.append(done))
    assert told[0] > 4
    assert found(again) == ["new", "c4", "c3", "c2", "c1", "c0"]
    assert found(again, Question(text="changed")) == ["c0"]


def test_who_makes_a_change_reads_it_at_once(store: LinkStore, index: LinkIndex) -> None:
    for step, expected in (
        (lambda: store.create({"target": "https://example.com/"}, code="a"), {"live": ["a"]}),
        (lambda: put(store, link("x", 5), link("y", 4)), {"live": ["a", "x", "y"]}),
        (lambda: store.update("x", {"disabled": True}), {"live": ["a", "y"], "disabled": ["x"]}),
        (lambda: store.delete("y"), {"live": ["a"], "deleted": ["y"]}),
        (lambda: store.update("x", {"disabled": False}), {"live": ["a", "x"], "disabled": []}),
    ):
        step()
        for state, codes in expected.items():
            assert found(index, Question(state=state)) == codes  # type: ignore[arg-type]


def test_states_follow_time_and_used_clicks(
    store: LinkStore, index: LinkIndex, client: redis.Redis, make_index: Any
) -> None:
    put(store, link("soon", expires_at=int(NOW) + 10), link("limited", click_limit=2))
    assert sorted(found(index, Question(state="live"))) == ["limited", "soon"]
    client.set(link_uses_key("limited"), 2)
    later = make_index()
    later.follower._clock = lambda: NOW + 10
    assert found(later, Question(state="expired")) == ["soon"]
    assert found(later, Question(state="used_up")) == ["limited"]
    assert found(later, Question(state="live")) == []


def test_lines_that_another_server_has_lost_are_undone(
    store: LinkStore, index: LinkIndex, client: redis.Redis
) -> None:
    put(store, link("kept"))
    before = client.get(link_key("kept"))
    store.update("kept", {"title": "lost"})
    assert found(index, Question(text="lost")) == ["kept"]
    # A failover takes the end of the trail and the change with it.
    newest = client.xrevrange(API_CHANGES, count=1)[0][0]
    client.xdel(API_CHANGES, newest)
    assert before
    client.set(link_key("kept"), before)
    store.create({"target": "https://example.com/new"}, code="after")
    assert found(index, Question(text="lost")) == []
    assert sorted(found(index)) == ["after", "kept"]


def test_where_the_trail_was_cut_the_index_is_filled_anew(
    store: LinkStore, index: LinkIndex, client: redis.Redis
) -> None:
    put(store, link("old"))
    assert found(index) == ["old"]
    client.delete(API_CHANGES)
    put(store, link("unheard", 2))
    client.delete(API_CHANGES)
    put(store, link("new", 3))
    with pytest.raises(NotFilled):
        found(index)
    index.follower.fill()
    assert found(index) == ["new", "unheard", "old"]


def test_a_line_that_does_not_say_which_links_were_made_has_it_filled_anew(
    store: LinkStore, index: LinkIndex, client: redis.Redis, url: str
) -> None:
    client.set(link_key("imported"), b'{"target":"https://a.b/","created_ms":1,"updated_ms":1}')
    client.zadd(LINK_INDEX, {"imported": 1})
    Trail(client, url).write(Change("links.created", "", ALICE, count=2))
    with pytest.raises(NotFilled):
        found(index)
    index.follower.fill()
    assert found(index) == ["imported"]


def test_a_change_that_comes_after_its_line_is_seen(
    store: LinkStore, make_index: Any, client: redis.Redis, url: str
) -> None:
    index = make_index()
    index.follower._is_late = True
    index.follower.fill()
    put(store, link("x"))
    Trail(client, url).write(Change("link.changed", "x", ALICE, {}, {"title": "late"}))
    newest = Trail(client, url).page(limit=1).lines[0].made_ms / 1000
    index.follower._clock = lambda: newest + 1
    assert found(index, Question(text="late")) == []
    text = b'{"target":"https://a.b/","created_ms":1,"updated_ms":1,"title":"late"}'
    client.set(link_key("x"), text)
    assert found(index, Question(text="late")) == ["x"]


@pytest.mark.parametrize("damage", [b"nonsense" * 100, None])
def test_a_damaged_file_is_made_anew(
    store: LinkStore, index: LinkIndex, make_index: Any, tmp_path: Path, damage: bytes | None
) -> None:
    put(store, link("x"))
    assert found(index) == ["x"]
    path = tmp_path / "index" / "links.db"
    for end in ("-wal", "-shm"):
        Path(f"{path}{end}").unlink(missing_ok=True)
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage)
    again = make_index()
    for _ in range(2):
        try:
            again.follower.fill()
        except IndexUnusable:
            continue
    assert found(again) == ["x"]
    assert path.stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_written_is_named(
    store: LinkStore, client: redis.Redis, url: str
) -> None:
    file = IndexFile(Path("/proc/index/links.db"))
    index = LinkIndex(file, store, Follower(file, store, Trail(client, url)))
    with pytest.raises(IndexUnusable, match=r"/proc/index/links\.db can.t be used"):
        index.find(Question(), limit=1)


def test_a_kill_at_any_moment_leaves_nothing_out(
    store: LinkStore, url: str, tmp_path: Path, make_index: Any
) -> None:
    put(store, *(link(f"old{number}", number) for number in range(500)))
    arguments = [sys.executable, "-c", FOLLOWING, url, str(tmp_path / "index")]
    for run in range(3):
        with subprocess.Popen(arguments, stdout=subprocess.PIPE) as following:
            assert following.stdout
            for number in itertools.count():
                code = f"r{run}n{number}"
                put(store, link(code, 1000 + number), link(f"{code}x", 1000 + number))
                store.update(code, {"title": f"run{run}"})
                if number > 20 and number % 7 == 0:
                    store.delete(f"r{run}n{number - 7}")
                if number > 15 * (run + 1):
                    break
            os.kill(following.pid, signal.SIGKILL)
    index = make_index()
    index.follower.fill()
    everything = {each.code for each in store.links.scan()}
    assert set(found(index, limit=10_000)) == everything
    for run in range(3):
        matching = {each.code for each in store.links.scan() if each.title == f"run{run}"}
        assert set(found(index, Question(text=f"run{run}"), 1000)) == matching


_TEXTS = ("", "e", "ex", "exa", "EXAMPLE", "sümmer", '"x" OR y', "%", "_a_", "ß", "SS", "é\n", "\0")
_TAGS = ("a", "b", "c", "a/b")


def _links() -> list[Link]:
    choice = random.Random(7)
    return [
        Link(
            code=f"{choice.choice('aB_')}{number}",
            target=choice.choice(["https://example.com/", "https://a.b/?q=%22x%22%20OR%20y"]),
            created_ms=choice.randrange(20),
            updated_ms=1,
            title=choice.choice(["", "Sümmer Sale", '"x" or Y', "straße", "100%", "é"]),
            tags=tuple(sorted(choice.sample(_TAGS, choice.randrange(3)))),
            disabled=choice.random() < 0.2,
            expires_at=choice.choice([None, None, int(NOW) - 1, int(NOW) + 1]),
        )
        for number in range(60)
    ]


def _question(choice: random.Random) -> Question:
    def some_tags() -> tuple[str, ...]:
        return tuple(choice.sample(_TAGS, choice.choice([0, 0, 1, 2])))

    return Question(
        any_tags=some_tags(),
        all_tags=some_tags(),
        no_tags=some_tags(),
        own_tags=some_tags(),
        state=choice.choice([None, "live", "disabled", "expired", "deleted", "used_up"]),
        text=choice.choice(_TEXTS),
        sort=choice.choice(["created_at", "code"]),
        ascending=choice.random() < 0.5,
    )


def expected(links: Sequence[Link], question: Question) -> list[str]:
    def matches(each: Link) -> bool:
        tags, state = set(each.tags), each.state(NOW)
        return (
            (state == question.state if question.state else state != "deleted")
            and set(question.all_tags) <= tags
            and all(not some or tags & set(some) for some in (question.any_tags, question.own_tags))
            and not tags & set(question.no_tags)
            and any(
                question.text.casefold() in text.casefold()
                for text in (each.code, each.target, each.title)
            )
        )

    def key(each: Link) -> tuple[Any, str]:
        return (each.created_ms if question.sort == "created_at" else each.code, each.code)

    matching = [each for each in links if matches(each)]
    return [each.code for each in sorted(matching, key=key, reverse=not question.ascending)]


@pytest.mark.parametrize("few", [0, 3, 10_000])
def test_every_question_finds_what_a_look_at_every_link_finds_page_by_page(
    store: LinkStore, index: LinkIndex, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    for module in ("question", "index"):
        monkeypatch.setattr(f"app.links.index.{module}.FEW", few)
    links = _links()
    put(store, *links)
    for seed in range(60):
        choice = random.Random(seed)
        question, limit, after = _question(choice), choice.choice([1, 7, 100]), None
        codes = list[str]()
        while True:
            page = index.find(question, limit=limit, after=after)
            codes += [hit.link.code for hit in page.hits]
            if page.after is None:
                break
            after = page.after
        assert codes == expected(links, question), question


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("ascending", [False, True])
def test_pages_neither_repeat_nor_skip_while_links_are_made(
    store: LinkStore, index: LinkIndex, sort: Any, ascending: bool
) -> None:
    put(store, *(link(f"c{number}", number % 3) for number in range(10)))
    question = Question(sort=sort, ascending=ascending)
    every, codes, after = found(index, question), list[str](), None
    for number in range(10):
        page = index.find(question, limit=1, after=after)
        codes += [hit.link.code for hit in page.hits if hit.link.title != "meanwhile"]
        after = page.after
        if number < 9:
            put(store, link(f"b{number}", 100, title="meanwhile"))
            put(store, link(f"z{number}", 0, title="meanwhile"))
        while after and len(codes) == number:
            page = index.find(question, limit=1, after=after)
            codes += [hit.link.code for hit in page.hits if hit.link.title != "meanwhile"]
            after = page.after
    assert codes == every


def test_tags_are_counted(store: LinkStore, index: LinkIndex) -> None:
    put(store, link("x", tags=("a", "b")), link("y", tags=("b",)), link("z", tags=("c",)))
    assert index.tags() == {"a": 1, "b": 2, "c": 1}
    assert index.tags(["a", "c"]) == {"a": 1, "b": 1, "c": 1}
    store.delete("z")
    store.update("y", {"tags": []})
    assert index.tags() == {"a": 1, "b": 1}
