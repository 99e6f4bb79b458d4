import hiredis
import pytest

from app.links.link import encode
from app.redirect.links.answers import UNKNOWN, LookupUnavailable
from app.redirect.links.click_limits import ClickLimits
from app.redirect.links.cluster_limits import ClusterClickLimits
from app.redirect.links.cluster_lookup import ClusterLookup
from app.stores.keys import link_key, link_uses_key
from app.stores.redis.cluster import SlotMap, SlotRange, slot_of
from tests.support.redirect.cluster_fakes import FakeCluster, node, slots_of
from tests.support.redirect.fakes import FakeClock, link

NODES = node(0, 3), node(1, 4), node(2, 5)


def code_at(place: int, key_of=link_key) -> str:
    """Return a code whose key is served by a primary, by its place."""
    codes = (f"code{number}" for number in range(1000))
    return next(code for code in codes if slot_of(key_of(code)) * 3 // 16384 == place)


FIRST, SECOND = code_at(0), code_at(1)


class World:
    def __init__(self, make_settings) -> None:
        self.clock = FakeClock()
        self.cluster = FakeCluster(*NODES)
        settings = make_settings(link_stale_seconds=60)
        primaries = self.cluster.primaries
        self.lookup = ClusterLookup(primaries, settings, self.cluster.metrics, self.clock)
        self.watched = {}
        primaries.on_joined.append(self._listen)
        self.cluster.start()
        self.told: list[object] = []

    def _listen(self, primary) -> None:
        self.watched[primary] = self.lookup.watched(primary)
        self.watched[primary].watch_began()

    def listener(self, at: int):
        return self.watched[self.cluster.primaries.all[at]]

    def find(self, code: str) -> None:
        self.lookup.find(code, self.told.append)

    def learn(self, code: str, at: int) -> None:
        self.find(code)
        self.cluster.pipeline(at).answer(encode(link(code)))
        assert self.told.pop() == link(code)

    def move(self, code: str) -> None:
        """Have the slot of a code moved from the first primary to the second."""
        slot = slot_of(link_key(code))
        first, second, third = slots_of(NODES)
        self.cluster.primaries.update(
            SlotMap(
                [
                    SlotRange(first.first, slot - 1, first.node),
                    SlotRange(slot, slot, second.node),
                    SlotRange(slot + 1, first.last, first.node),
                    second,
                    third,
                ]
            )
        )


@pytest.fixture
def world(make_settings) -> World:
    return World(make_settings)


def test_a_link_is_asked_for_where_its_slot_is_and_remembered(world):
    world.learn(FIRST, 0)
    world.learn(SECOND, 1)
    assert world.lookup.cached(FIRST) == link(FIRST)
    assert world.lookup.cached(SECOND) == link(SECOND)
    assert world.lookup.is_watching


def test_only_links_of_a_primary_that_is_not_heard_are_asked_for_again(world):
    world.learn(FIRST, 0)
    world.learn(SECOND, 1)
    world.listener(0).watch_ended()
    assert world.lookup.cached(FIRST) is None
    assert world.lookup.cached(SECOND) == link(SECOND)
    assert not world.lookup.is_watching


def test_links_of_a_primary_that_is_away_go_on_until_they_are_too_old(world):
    world.learn(FIRST, 0)
    world.listener(0).watch_ended()
    world.cluster.pipeline(0).connected.clear()
    world.clock.now += 60
    assert world.lookup.cached(FIRST) == link(FIRST)
    world.clock.now += 1
    world.find(FIRST)
    assert isinstance(world.told[0], LookupUnavailable)


def test_after_its_slot_has_moved_a_link_is_asked_for_at_the_new_primary(world):
    world.learn(FIRST, 0)
    world.move(FIRST)
    assert world.lookup.cached(FIRST) is None
    world.find(FIRST)
    world.cluster.pipeline(1).answer(encode(link(FIRST, "https://new.example/")))
    assert world.lookup.cached(FIRST).target == "https://new.example/"
    # The old one's watch ends, and that is nothing to a link that isn't there any more.
    world.listener(0).watch_ended()
    assert world.lookup.cached(FIRST).target == "https://new.example/"


def test_a_link_that_was_not_read_since_its_slot_moved_is_as_old_as_the_move(world):
    world.learn(FIRST, 0)
    world.move(FIRST)
    world.cluster.pipeline(1).connected.clear()
    world.clock.now += 60
    assert world.lookup.cached(FIRST) == link(FIRST)
    world.clock.now += 1
    assert world.lookup.cached(FIRST) is None


@pytest.mark.parametrize("at", [0, 1, 2])
def test_whichever_primary_tells_of_a_change_is_believed(world, at):
    world.learn(FIRST, 0)
    world.listener(at).changed(FIRST)
    assert world.lookup.cached(FIRST) is None


def test_a_redirected_lookup_is_followed_and_not_taken_for_the_first_ones(world):
    world.find(FIRST)
    world.cluster.pipeline(0).answer_error(f"MOVED {slot_of(link_key(FIRST))} 10.0.0.1:7001")
    assert world.told == []
    world.cluster.pipeline(1).answer(encode(link(FIRST)))
    assert world.told == [link(FIRST)]
    # Until the map is known to be new, nobody vouches for it.
    assert world.lookup.cached(FIRST) is None
    world.move(FIRST)
    assert world.lookup.cached(FIRST) == link(FIRST)


def test_a_lookup_that_is_redirected_twice_is_not_followed_again(world):
    world.find(FIRST)
    world.cluster.pipeline(0).answer_error("MOVED 1 10.0.0.1:7001")
    world.cluster.pipeline(1).answer_error("MOVED 1 10.0.0.1:7002")
    assert isinstance(world.told[0], LookupUnavailable)


def test_an_unknown_code_is_remembered_until_any_slot_moves(world):
    world.find(FIRST)
    world.cluster.pipeline(0).answer(None)
    assert world.lookup.cached(FIRST) is UNKNOWN
    world.move(FIRST)
    assert world.lookup.cached(FIRST) is None


def test_a_link_whose_slot_nobody_serves_is_unavailable(world):
    world.cluster.primaries.update(SlotMap([SlotRange(0, 0, NODES[0])]))
    world.find(FIRST)
    assert isinstance(world.told[0], LookupUnavailable)


class Counters:
    def __init__(self) -> None:
        self.cluster = FakeCluster(*NODES)
        self.limits = ClusterClickLimits(
            self.cluster.primaries, lambda primary: ClickLimits(primary.pipeline, 0.1)
        )
        self.cluster.primaries.on_joined.append(self.limits.counter)
        self.cluster.start()
        for primary in self.cluster.primaries.all:
            primary.pipeline.call = lambda *_, at=primary: asked.append(at) or 1
        self.asked = asked = []


def test_uses_are_counted_where_their_counter_is():
    counters = Counters()
    codes = [code_at(place, link_uses_key) for place in range(3)]
    assert all(counters.limits.spend(link(code), 2, b"i" * 16) for code in codes)
    assert all(counters.limits.are_left(link(code), 2) for code in codes)
    assert counters.asked == [*counters.cluster.primaries.all] * 2


def test_what_a_primary_has_to_hear_is_told_to_who_has_its_slots_now(monkeypatch):
    counters = Counters()
    code = code_at(2, link_uses_key)
    assert counters.limits.spend(link(code), 2, b"i" * 16)
    leaving = counters.cluster.primaries.all[2]
    leaving.pipeline.connected.clear()
    counters.limits._counters[leaving].tell_again()
    owed = []
    monkeypatch.setattr(ClickLimits, "owe", lambda _, spends: owed.append(spends))
    counters.cluster.primaries.update(slots_of(NODES[:2]))
    assert owed == [[(code, b"i" * 16)]]


def test_a_link_whose_uses_nobody_serves_is_unavailable():
    counters = Counters()
    counters.cluster.primaries.update(SlotMap([SlotRange(0, 0, NODES[0])]))
    with pytest.raises(LookupUnavailable, match="no primary"):
        counters.limits.spend(link(code_at(1, link_uses_key)), 1, b"i" * 16)


def test_a_refused_click_of_another_kind_is_no_redirection(world):
    world.find(FIRST)
    world.cluster.pipeline(0).answer(hiredis.ReplyError("LOADING Redis is loading"))
    assert isinstance(world.told[0], LookupUnavailable)


def test_a_link_whose_slot_was_elsewhere_and_is_back_is_asked_for_again(world):
    world.learn(FIRST, 0)
    world.move(FIRST)
    world.cluster.primaries.update(slots_of(NODES))
    assert world.lookup.cached(FIRST) is None
    world.learn(FIRST, 0)
    assert world.lookup.cached(FIRST) == link(FIRST)
    world.listener(0).watch_ended()
    assert world.lookup.cached(FIRST) is None


def replace_first(world) -> None:
    """Have a replica take over from the first primary, and be heard."""
    world.cluster.primaries.update(slots_of([node(3, 0, epoch=9), *NODES[1:]]))
    world.listener(0).watch_ended()
    world.listener(0).watch_began()


def test_who_has_nothing_to_go_by_waits_for_the_map_that_a_node_knows_already(world):
    world.find(FIRST)
    world.cluster.pipeline(0).answer_error("MOVED 1 10.0.0.1:7003")
    assert world.told == []
    replace_first(world)
    world.cluster.pipeline(0).answer(encode(link(FIRST)))
    assert world.told == [link(FIRST)]


def test_a_primary_that_still_leads_elsewhere_is_asked_again_when_the_map_is_known(world):
    world.find(FIRST)
    world.cluster.pipeline(0).answer_error("MOVED 1 10.0.0.1:7003")
    world.listener(1).watch_ended()
    world.cluster.pipeline(0).answer_error("MOVED 1 10.0.0.1:7003")
    assert world.told == []
    world.cluster.pipeline(0).connected.clear()
    world.listener(1).watch_began()
    assert world.cluster.pipeline(0).waiting == []
    world.cluster.pipeline(0).connected.set()
    replace_first(world)
    world.cluster.pipeline(0).answer(encode(link(FIRST)))
    assert world.told == [link(FIRST)]


def test_nobody_waits_for_the_map_longer_than_for_a_silent_redis(world):
    world.find(FIRST)
    pending = world.lookup._pending[FIRST]
    world.cluster.pipeline(0).answer_error("MOVED 1 10.0.0.1:7003")
    pending.expire()
    assert world.told == []
    world.clock.now += 1
    world.cluster.pipeline(0).connected.clear()
    pending.expire()
    assert isinstance(world.told[0], LookupUnavailable)
    replace_first(world)
    assert len(world.told) == 1


def test_who_has_a_link_last_seen_gets_it_at_once(world):
    world.learn(FIRST, 0)
    world.listener(0).watch_ended()
    world.find(FIRST)
    world.cluster.pipeline(0).answer_error("MOVED 1 10.0.0.1:7003")
    assert world.told == [link(FIRST)]
