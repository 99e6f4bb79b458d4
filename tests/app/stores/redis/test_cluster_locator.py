import logging
import queue
from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.stores.redis.address import parse_url
from app.stores.redis.cluster import Node, SlotMap, SlotRange, View
from app.stores.redis.cluster_locator import (
    NO_NODE,
    ClusterLocator,
    ClusterRefused,
    ClusterUnknown,
    NoNodes,
    Silence,
    why_silent,
)
from app.stores.redis.polling import Poll
from tests.support.redirect.fakes import FakeClock

ADDRESS = parse_url("redis+cluster://a,b,c")
ENDS = dict(zip("abcd", (("a", 6379), ("b", 6379), ("c", 6379), ("d", 6379)), strict=True))
AWAY = Silence("doesn't answer")


def view(node, *, of_a="a", epoch=1, members="abcd"):
    """How a node sees three primaries, the first of which may have been replaced."""
    slots = SlotMap(
        [
            SlotRange(0, 99, Node(of_a, ENDS[of_a], epoch)),
            SlotRange(100, 199, Node("b", ENDS["b"], 2)),
            SlotRange(200, 299, Node("c", ENDS["c"], 3)),
        ]
    )
    return View(node, slots, frozenset(members))


class World:
    """Nodes that say what they are told to."""

    def __init__(self):
        self.clock = FakeClock()
        self.said = {end: view(name) for name, end in ENDS.items()}
        self.asked = []
        poll = Poll(self._ask, lambda run, *arguments: run(*arguments), queue.SimpleQueue)
        self.locator = ClusterLocator(ADDRESS, poll, nullcontext(), self.clock)

    def _ask(self, end):
        self.asked.append(end)
        return self.said[end]

    def say(self, **said):
        self.said.update({ENDS[name]: one for name, one in said.items()})
        self.clock.now += 1

    def host(self, slot=0):
        return self.locator.primary_of(slot).host


@pytest.fixture
def world():
    return World()


def test_a_slot_is_where_the_nodes_say(world):
    assert [world.host(slot) for slot in (0, 99, 100, 299)] == ["a", "a", "b", "c"]
    with pytest.raises(ClusterUnknown, match="no node serves slot 300"):
        world.locator.primary_of(300)


def test_an_address_keeps_who_we_are_and_the_seeds(world):
    assert world.locator.primary_of(100) == ADDRESS.at(("b", 6379))


def test_a_failover_that_a_majority_knows_of_is_followed(world):
    world.host()
    world.say(a=AWAY, b=view("b", of_a="d", epoch=4), c=view("c", of_a="d", epoch=4))
    assert world.host() == "d"


def test_a_primary_that_is_cut_off_moves_nobody_back(world):
    world.host()
    world.say(b=view("b", of_a="d", epoch=4), c=view("c", of_a="d", epoch=4))
    world.host()
    world.say(a=view("a"), b=AWAY, c=AWAY, d=AWAY)
    assert world.host() == "d"


@given(st.permutations("abc"))
def test_who_answers_first_makes_no_difference(order):
    world = World()
    world.host()
    world.locator._address = parse_url(f"redis+cluster://{','.join(order)}")
    world.say(b=view("b", of_a="d", epoch=4), c=view("c", of_a="d", epoch=4))
    assert world.host() == "d"


def test_while_nobody_answers_the_map_stays_and_that_is_said_once(world, caplog):
    world.host()
    for _ in range(3):
        world.say(a=AWAY, b=AWAY, c=AWAY)
        assert world.host() == "a"
    world.say(a=view("a"), b=view("b"), c=view("c"))
    world.host()
    assert [record.message for record in caplog.records] == [
        "the cluster of a:6379 is taken to be as it was: a:6379 doesn't answer;"
        " b:6379 doesn't answer; c:6379 doesn't answer",
        "Nodes of the cluster of a:6379 answer again",
    ]


def test_nodes_are_asked_once_a_second_and_sooner_only_in_doubt(world):
    for _ in range(50):
        world.host()
    assert len(world.asked) == 3
    world.locator.doubt()
    world.host()
    assert len(world.asked) == 3
    world.clock.now += 0.1
    world.host()
    assert len(world.asked) == 6
    world.clock.now += 0.1
    world.host()
    assert len(world.asked) == 6


def test_a_primary_that_is_no_seed_is_asked_as_well(world):
    world.say(**{name: view(name, of_a="d", epoch=4) for name in "abc"})
    world.host()
    world.clock.now += 1
    world.host()
    assert ENDS["d"] in world.asked


def test_at_first_all_have_to_be_silent_before_nothing_is_known(world):
    world.say(a=AWAY, b=AWAY)
    assert world.host() == "a"


@pytest.mark.parametrize("kind", [ClusterUnknown, ClusterRefused])
def test_it_is_said_what_each_of_the_seeds_says(world, kind):
    silence = Silence("is no node of a cluster", is_final=kind is ClusterRefused)
    world.say(a=silence, b=silence, c=silence)
    with pytest.raises(kind, match="a:6379 is no node of a cluster; b:6379 is no node of a"):
        world.host()


def test_it_is_told_apart_whether_the_url_leads_to_another_kind_of_server(world):
    world.say(a=NO_NODE, b=NO_NODE, c=NO_NODE)
    with pytest.raises(NoNodes, match="a:6379 is no node of a cluster"):
        world.host()
    world.clock.now += 1
    world.say(a=NO_NODE, b=NO_NODE, c=Silence("does not let us in", is_final=True))
    with pytest.raises(ClusterRefused) as refused:
        world.host()
    assert not isinstance(refused.value, NoNodes)


def test_nodes_without_slots_make_no_cluster(world):
    alone = {name: View(name, SlotMap(), frozenset(name)) for name in "abc"}
    world.say(**alone)
    with pytest.raises(ClusterUnknown, match="a:6379 serves no slots"):
        world.host()


def test_seeds_of_two_clusters_are_refused(world):
    world.say(c=view("x", members="xyz"))
    with pytest.raises(ClusterRefused, match="a:6379 and c:6379 are of two clusters"):
        world.host()


def test_a_node_that_was_taken_out_and_reset_is_no_second_cluster(world):
    world.say(c=View("c", SlotMap(), frozenset("c")))
    assert world.host() == "a"


def test_a_stranger_at_a_nodes_old_place_is_not_listened_to(world, caplog):
    world.host()
    caplog.set_level(logging.WARNING)
    world.say(a=view("x", of_a="d", epoch=99, members="xyz"))
    assert world.host() == "a"
    assert not caplog.records


@pytest.mark.parametrize(
    ("error", "silence"),
    [
        (
            "ERR This instance has cluster support disabled",
            Silence("is no node of a cluster: write the URL of one server as redis://", True, True),
        ),
        ("ERR unknown command 'CLUSTER', with", Silence("is no node of a cluster", True, True)),
        (
            "NOPERM User x has no permissions to run the 'cluster|nodes' command",
            Silence("doesn't let us ask: CLUSTER SLOTS and CLUSTER NODES have to be granted", True),
        ),
        ("LOADING Redis is loading", Silence("says: LOADING Redis is loading", False)),
    ],
)
def test_an_error_tells_whether_someone_has_to_mend_it(error, silence):
    assert why_silent(error) == silence
