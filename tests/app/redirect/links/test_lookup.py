import gevent
import pytest
from prometheus_client import CollectorRegistry

from app.links.link import Link, encode
from app.metrics.redirect import RedirectMetrics
from app.redirect.links.answers import UNKNOWN, LookupUnavailable
from app.redirect.links.lookup import Lookup
from tests.support.redirect.fakes import FakeClock, FakePipeline, link
from tests.support.redirect.waiting import wait_until


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
    given = make_settings(lookup_budget_ms=20, lookup_timeout_ms=400, link_stale_seconds=60)
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


def test_who_was_redirected_as_a_watch_began_still_is_when_redis_goes_away(lookup, pipeline, clock):
    """Who starts asks for its first links while it is still connecting to hear of changes."""
    lookup.watch_ended()
    found = find(lookup)
    lookup.watch_began()
    clock.now += 1
    pipeline.answer(encode(link()))
    assert found == [link()]
    pipeline.break_off()
    assert find(lookup) == [link()]
    clock.now += 60
    assert isinstance(find(lookup)[0], LookupUnavailable)


def test_what_was_read_as_a_watch_began_is_forgotten_with_the_next_change(lookup, pipeline):
    lookup.watch_ended()
    find(lookup)
    lookup.watch_began()
    lookup.changed("abc")
    pipeline.answer(encode(link()))
    pipeline.break_off()
    assert isinstance(find(lookup)[0], LookupUnavailable)


def test_what_was_read_as_a_watch_began_replaces_what_was_seen_before_it_alone(
    lookup, pipeline, clock
):
    for target in ("https://one.example/", "https://two.example/"):
        find(lookup)
        lookup.watch_ended()
        clock.now += 1
        lookup.watch_began()
        clock.now += 1
        pipeline.answer(encode(link(target=target)))
    pipeline.connected.clear()
    assert lookup.cached("abc") == link(target="https://two.example/")


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


@pytest.fixture
def quick(pipeline, make_settings, registry) -> Lookup:
    """A lookup by the real clock, whose budget is over soon."""
    given = make_settings(lookup_budget_ms=5, lookup_timeout_ms=400, link_stale_seconds=60)
    made = Lookup(pipeline, given, RedirectMetrics(registry))
    made.watch_began()
    return made


def late(registry: CollectorRegistry) -> float | None:
    return registry.get_sample_value("hopline_link_lookups_late_total")


def test_who_has_nothing_to_go_by_waits_past_the_budget(quick, pipeline, registry):
    lookup = quick
    first = find(lookup)
    wait_until(lambda: late(registry) == 1)
    second = find(lookup)
    gevent.sleep(0.03)
    assert (first, second, late(registry)) == ([], [], 1)
    pipeline.answer(encode(link()))
    assert (first, second) == ([link()], [link()])
    assert lookup.cached("abc") == link()
    assert len(pipeline.commands) == 1


def test_who_waits_is_let_go_once_redis_has_been_silent_for_too_long(quick, pipeline, registry):
    found = find(quick)
    wait_until(lambda: late(registry) == 1)
    pipeline.age = 0.39
    gevent.sleep(0.03)
    assert found == []
    pipeline.age = 0.41
    wait_until(lambda: found)
    assert "slow" in str(found[0])
    assert isinstance(find(quick, "other")[0], LookupUnavailable)


def test_a_link_last_seen_is_waited_for_within_the_budget_only(quick, pipeline, registry):
    lookup = quick
    read(lookup, pipeline, link())
    lookup.watch_ended()
    lookup.watch_began()
    assert lookup.get("abc") == link()
    assert late(registry) == 0


def test_the_late_answer_to_a_lookup_that_was_given_up_is_nobodys(quick, pipeline):
    lookup = quick
    given_up = find(lookup)
    pipeline.age = 0.41
    wait_until(lambda: given_up)
    pipeline.age = 0.0
    later = find(lookup)
    pipeline.answer(encode(link()))
    assert (later, lookup.cached("abc")) == ([], None)
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
