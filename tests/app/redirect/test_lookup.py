import signal
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import gevent
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from redis import Redis

from app.keys import link_key
from app.links import Link, encode
from app.redirect.lookup import UNKNOWN, Lookup, LookupUnavailable
from app.redirect.pipeline import Pipeline
from app.redirect.tracking import Tracking
from app.redirect_metrics import RedirectMetrics
from app.redis import parse_url
from app.settings import Settings
from tests.app.redirect.fakes import FakeClock, FakePipeline


def link(code: str = "abc", target: str = "https://a.example/", **terms: object) -> Link:
    return Link(code=code, target=target, created_ms=1, updated_ms=1, **terms)


@pytest.fixture
def pipeline() -> FakePipeline:
    return FakePipeline()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def lookup(pipeline, clock, make_settings, registry) -> Lookup:
    given = make_settings(lookup_budget_ms=20, link_stale_seconds=60)
    made = Lookup(pipeline, given, RedirectMetrics(registry), clock)
    made.watch_began()
    return made


def find(lookup: Lookup, code: str = "abc") -> list[object]:
    found: list[object] = []
    lookup.find(code, found.append)
    return found


def read(lookup: Lookup, pipeline: FakePipeline, value: Link) -> None:
    find(lookup, value.code)
    pipeline.answer(encode(value))


def test_each_visit_that_asks_is_counted_by_what_came_of_it(lookup, pipeline, clock, registry):
    find(lookup, "known")
    pipeline.answer(encode(link("known")))
    find(lookup, "known")
    find(lookup, "none")
    pipeline.answer(None)
    pipeline.connected.clear()
    find(lookup, "away")

    def counted(outcome: str) -> float | None:
        return registry.get_sample_value("hopline_link_lookups_total", {"outcome": outcome})

    assert [counted(outcome) for outcome in ("found", "unknown", "unavailable")] == [1, 1, 1]


def test_a_link_is_read_once_and_then_remembered(lookup, pipeline):
    assert lookup.cached("abc") is None
    found = find(lookup)
    assert pipeline.commands == [[b"GET", b"link:abc"]]
    pipeline.answer(encode(link()))
    assert found == [link()]
    assert lookup.cached("abc") == link()
    assert find(lookup) == [link()]
    assert len(pipeline.commands) == 1


def test_all_who_ask_for_the_same_link_at_once_share_one_command(lookup, pipeline):
    found = [find(lookup) for _ in range(5)]
    pipeline.answer(encode(link()))
    assert found == [[link()]] * 5
    assert len(pipeline.commands) == 1


def test_one_failing_callback_costs_the_others_nothing(lookup, pipeline, caplog):
    lookup.find("abc", lambda _: 1 / 0)
    found = find(lookup)
    pipeline.answer(encode(link()))
    assert found == [link()]
    assert "callback failed" in caplog.text


def test_an_unknown_code_is_remembered_briefly(lookup, pipeline, clock):
    found = find(lookup)
    pipeline.answer(None)
    assert found == [UNKNOWN]
    assert lookup.cached("abc") is UNKNOWN
    clock.now += 6
    assert lookup.cached("abc") is None


def test_an_unknown_code_is_known_as_soon_as_its_link_is_made(lookup, pipeline):
    find(lookup)
    pipeline.answer(None)
    lookup.changed("abc")
    assert lookup.cached("abc") is None


def test_a_change_during_the_lookup_keeps_its_answer_out_of_memory(lookup, pipeline):
    before = find(lookup)
    lookup.changed("abc")
    after = find(lookup)
    pipeline.answer(encode(link(target="https://old.example/")))
    assert before == [link(target="https://old.example/")]
    assert after == []
    assert lookup.cached("abc") is None
    pipeline.answer(encode(link(target="https://new.example/")))
    assert after == [link(target="https://new.example/")]
    assert lookup.cached("abc") == after[0]


def test_everything_is_dropped_when_everything_may_have_changed(lookup, pipeline):
    read(lookup, pipeline, link())
    on_its_way = find(lookup, "other")
    lookup.all_changed()
    pipeline.answer(encode(link("other")))
    assert on_its_way == [link("other")]
    assert lookup.cached("abc") is None
    assert lookup.cached("other") is None


def test_while_changes_are_not_heard_every_lookup_goes_to_redis(lookup, pipeline):
    read(lookup, pipeline, link())
    lookup.watch_ended()
    for target in ("https://one.example/", "https://two.example/"):
        found = find(lookup)
        pipeline.answer(encode(link(target=target)))
        assert found == [link(target=target)]
    lookup.watch_began()
    assert lookup.cached("abc") is None


def test_a_lookup_that_began_before_the_watch_is_not_taken_for_fresh(lookup, pipeline):
    lookup.watch_ended()
    find(lookup)
    lookup.watch_began()
    pipeline.answer(encode(link()))
    assert lookup.cached("abc") is None


def test_links_last_seen_redirect_while_redis_is_away_until_they_are_too_old(
    lookup, pipeline, clock
):
    read(lookup, pipeline, link())
    clock.now += 500
    pipeline.break_off()
    assert lookup.cached("abc") == link()
    lookup.watch_ended()
    clock.now += 59
    assert lookup.cached("abc") == link()
    assert find(lookup) == [link()]
    clock.now += 2
    assert lookup.cached("abc") is None
    assert isinstance(find(lookup)[0], LookupUnavailable)


def test_an_unknown_code_can_not_be_told_while_redis_is_away(lookup, pipeline):
    find(lookup)
    pipeline.answer(None)
    pipeline.break_off()
    lookup.watch_ended()
    assert isinstance(find(lookup)[0], LookupUnavailable)
    with pytest.raises(LookupUnavailable):
        lookup.get("abc")


def test_nobody_waits_for_a_redis_that_lets_others_wait(lookup, pipeline):
    pipeline.age = 0.5
    assert isinstance(find(lookup)[0], LookupUnavailable)
    assert pipeline.commands == []


def test_a_slow_answer_is_given_up_within_the_budget(pipeline, make_settings):
    lookup = Lookup(
        pipeline, make_settings(lookup_budget_ms=5), RedirectMetrics(CollectorRegistry())
    )
    lookup.watch_began()
    with pytest.raises(LookupUnavailable, match="slow"):
        lookup.get("abc")
    later = find(lookup)
    pipeline.answer(encode(link()))
    assert lookup.cached("abc") is None
    pipeline.answer(encode(link()))
    assert later == [link()]


def test_a_break_gives_everyone_the_link_last_seen(lookup, pipeline):
    read(lookup, pipeline, link())
    lookup.watch_ended()
    known, unknown = find(lookup), find(lookup, "other")
    pipeline.break_off()
    assert known == [link()]
    assert isinstance(unknown[0], LookupUnavailable)


@pytest.mark.parametrize(
    "raw",
    [
        b"not json",
        b"[]",
        b'{"target":7,"created_ms":1,"updated_ms":1}',
        encode(link(target="javascript:alert(1)")),
        encode(link(target="https://a.example/\r\nSet-Cookie: a=b")),
        encode(link(cache_control="public\r\nX: y")),
        encode(link(status=200)),
    ],
    ids=["no JSON", "no object", "wrong type", "script", "CR/LF", "broken header", "no redirect"],
)
def test_a_link_that_is_not_sound_is_never_followed(lookup, pipeline, raw):
    found = find(lookup)
    pipeline.answer(raw)
    assert isinstance(found[0], LookupUnavailable)
    assert lookup.cached("abc") is None


def test_a_tombstone_needs_no_target(lookup, pipeline):
    found = find(lookup)
    pipeline.answer(encode(link(target="", deleted=True)))
    assert found == [link(target="", deleted=True)]


def test_an_error_reply_is_no_answer(lookup, pipeline):
    found = find(lookup)
    pipeline.answer_error("LOADING Redis is loading the dataset in memory")
    assert "LOADING" in str(found[0])


class Interleaving:
    """A lookup and a server with one link, whose replies and pushes arrive in any interleaving."""

    def __init__(self) -> None:
        self.version = 0
        self.told = 0
        self.pushes: deque[int] = deque()
        self.replies: deque[bytes] = deque()
        self.executed = 0
        self.answers: list[tuple[int, int]] = []
        self.is_watched = True
        self.pipeline = FakePipeline()
        settings = Settings.model_construct(
            lookup_budget_ms=1e6,
            link_stale_seconds=60,
            link_cache_size=10,
            unknown_cache_size=10,
            unknown_cache_seconds=5,
        )
        self.lookup = Lookup(
            self.pipeline, settings, RedirectMetrics(CollectorRegistry()), FakeClock()
        )
        self.lookup.watch_began()

    def ask(self) -> None:
        least = self.told
        self.lookup.find("abc", lambda found: self.answers.append((_version(found), least)))

    def execute(self) -> None:
        if self.executed < len(self.pipeline.commands):
            self.executed += 1
            self.replies.append(encode(link(target=f"https://a.example/{self.version}")))

    def reply(self) -> None:
        if self.replies:
            self.pipeline.answer(self.replies.popleft())

    def write(self) -> None:
        self.version += 1
        if self.is_watched:
            self.pushes.append(self.version)

    def push(self) -> None:
        if self.pushes:
            self.told = self.pushes.popleft()
            self.lookup.changed("abc")

    def flush(self) -> None:
        if self.pushes:
            self.told = self.pushes.popleft()
            self.lookup.all_changed()

    def lose(self) -> None:
        self.lookup.watch_ended()
        self.is_watched = False
        self.pushes.clear()

    def watch(self) -> None:
        if not self.is_watched:
            self.is_watched = True
            self.told = self.version
            self.lookup.watch_began()

    def check(self) -> None:
        assert all(version >= least for version, least in self.answers)
        cached = self.lookup.cached("abc")
        if cached is not None and not self.pushes:
            assert _version(cached) == self.version


#: Rarer are the steps that end all that is on its way.
STEPS = ("ask", "execute", "reply", "write", "push") * 6 + ("flush", "lose", "watch")


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(STEPS), min_size=20, max_size=60))
def test_what_is_answered_from_memory_is_never_older_than_the_changes_told(steps):
    interleaving = Interleaving()
    for step in steps:
        getattr(interleaving, step)()
        interleaving.check()


def _version(found: object) -> int:
    assert isinstance(found, Link)
    return int(found.target.rpartition("/")[2])


@contextmanager
def looking_up(url: str, settings, timeout_seconds: float = 1.0) -> Iterator[Lookup]:
    pipeline = Pipeline(lambda: parse_url(url), name="test", timeout_seconds=timeout_seconds)
    lookup = Lookup(pipeline, settings, RedirectMetrics(CollectorRegistry()))
    tracking = Tracking(
        lambda: parse_url(url), lookup, name="track", timeout_seconds=timeout_seconds
    )
    pipeline.start()
    tracking.start()
    wait_until(lambda: pipeline.connected.is_set() and lookup.is_watching)
    try:
        yield lookup
    finally:
        tracking.close()
        pipeline.close(0)


def wait_until(condition: Callable[[], object], seconds: float = 10) -> float:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "it never came true"
        gevent.sleep(0.001)
    return time.monotonic() - began


def test_changes_made_elsewhere_are_seen_at_once(any_redis_server, make_settings):
    server = any_redis_server()
    with Redis(port=server.port) as client, looking_up(server.url, make_settings()) as lookup:
        assert lookup.get("abc") is UNKNOWN
        for target in ("https://one.example/", "https://two.example/"):
            client.set(link_key("abc"), encode(link(target=target)))
            wait_until(lambda: lookup.cached("abc") is None, 0.1)
            assert lookup.get("abc") == link(target=target)
            assert lookup.cached("abc") == link(target=target)
        client.delete(link_key("abc"))
        wait_until(lambda: lookup.cached("abc") is None, 0.1)
        assert lookup.get("abc") is UNKNOWN
        client.set(link_key("abc"), encode(link()))
        wait_until(lambda: lookup.cached("abc") is None, 0.1)
        assert lookup.get("abc") == link()
        client.flushall()
        wait_until(lambda: lookup.cached("abc") is None, 0.1)
        assert lookup.get("abc") is UNKNOWN


def test_a_change_missed_while_the_connection_was_lost_is_seen(valkey_server, make_settings):
    server = valkey_server()
    with Redis(port=server.port) as client, looking_up(server.url, make_settings()) as lookup:
        client.set(link_key("abc"), encode(link()))
        assert lookup.get("abc") == link()
        (lost,) = [each for each in client.client_list() if each["name"] == "track"]
        client.client_kill_filter(_id=lost["id"])
        client.set(link_key("abc"), encode(link(target="https://new.example/")))
        wait_until(lambda: not lookup.is_watching)
        assert lookup.get("abc").target == "https://new.example/"
        wait_until(lambda: lookup.is_watching)
        assert lookup.get("abc").target == "https://new.example/"


def test_links_last_seen_outlive_a_killed_and_a_frozen_server(valkey_server, make_settings):
    server = valkey_server()
    with Redis(port=server.port) as client:
        client.set(link_key("abc"), encode(link()))
    with looking_up(server.url, make_settings(), timeout_seconds=0.2) as lookup:
        assert lookup.get("abc") == link()
        server.signal(signal.SIGSTOP)
        wait_until(lambda: not lookup.is_watching)
        assert lookup.get("abc") == link()
        with pytest.raises(LookupUnavailable):
            lookup.get("other")
        server.signal(signal.SIGCONT)
        wait_until(lambda: lookup.is_watching)
        server.kill()
        wait_until(lambda: not lookup.is_watching)
        assert lookup.get("abc") == link()
