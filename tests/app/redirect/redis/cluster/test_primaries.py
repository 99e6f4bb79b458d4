import hiredis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.redirect.redis.cluster.primaries import successors
from app.redirect.redis.resp import encode_command
from app.stores.redis.cluster import SLOT_COUNT, SlotMap, SlotRange
from tests.support.redirect.cluster_fakes import FakeCluster, end, node, slots_of

GET = encode_command(b"GET", b"link:abc")


@pytest.fixture
def cluster() -> FakeCluster:
    made = FakeCluster(node(0, 3), node(1, 4), node(2, 5))
    made.start()
    return made


def names(cluster: FakeCluster) -> list[str]:
    return [str(primary) for primary in cluster.primaries.all]


def test_each_slot_has_the_primary_of_the_map(cluster):
    of_slot = cluster.primaries.of_slot
    assert len(of_slot) == SLOT_COUNT
    assert [str(of_slot[slot]) for slot in (0, 5461, 16383)] == names(cluster)
    cluster.primaries.update(SlotMap([SlotRange(0, 99, node(0))]))
    assert cluster.primaries.of_slot[100] is None


def test_a_replica_that_takes_over_is_the_same_primary_at_another_end(cluster):
    before = cluster.primaries.all
    moved = []
    cluster.primaries.on_moved.append(moved.append)
    cluster.primaries.update(slots_of([node(3, 0, epoch=9), node(1, 4), node(2, 5)]))
    assert cluster.primaries.all == before
    assert names(cluster) == ["10.0.0.1:7003", "10.0.0.1:7001", "10.0.0.1:7002"]
    assert before[0].locate().port == 7003
    assert before[0].pipeline.moved_for == ["10.0.0.1:7000 no longer serves its slots"]
    assert before[1].pipeline.moved_for == []
    assert moved == []


def test_a_slot_that_moves_is_told_of(cluster):
    moved = []
    cluster.primaries.on_moved.append(moved.append)
    left, middle, right = slots_of([node(0, 3), node(1, 4), node(2, 5)])
    cluster.primaries.update(
        SlotMap(
            [
                SlotRange(left.first, left.last - 1, left.node),
                SlotRange(left.last, middle.last, middle.node),
                right,
            ]
        )
    )
    assert moved == [[left.last]]
    assert cluster.primaries.of_slot[left.last] is cluster.primaries.all[1]


def test_one_that_is_new_is_told_of_before_it_takes_part_and_one_that_left_afterwards(cluster):
    told = []
    cluster.primaries.on_joined.append(lambda one: told.append(("joined", str(one))))
    cluster.primaries.on_moved.append(lambda _: told.append(("moved", "")))
    cluster.primaries.on_left.append(lambda one: told.append(("left", str(one))))
    gone = cluster.pipeline(2)
    cluster.primaries.update(slots_of([node(0, 3), node(1, 4), node(8)]))
    assert told == [("joined", "10.0.0.1:7008"), ("moved", ""), ("left", "10.0.0.1:7002")]
    assert gone.is_closed


@pytest.mark.parametrize(("word", "asking"), [("MOVED", []), ("ASK", [[b"ASKING"]])])
def test_a_redirection_is_followed_to_whom_it_names(cluster, word, asking):
    told = []
    first, second, _ = cluster.primaries.all
    error = hiredis.ReplyError(f"{word} 7 10.0.0.1:7001")
    assert cluster.primaries.follow(error, first, GET, told.append) is second
    assert second.pipeline.commands == [*asking, [b"GET", b"link:abc"]]
    second.pipeline.waiting[-1](b"found")
    assert told == [b"found"]
    kind = word.lower()
    name = "hopline_redis_redirections_total"
    assert cluster.registry.get_sample_value(name, {"kind": kind}) == 1


@pytest.mark.parametrize(
    "reply",
    [
        b"value",
        None,
        hiredis.ReplyError("ERR no"),
        hiredis.ReplyError("MOVED 7 10.0.0.9:1"),
        hiredis.ReplyError("MOVED 7 10.0.0.1:7000"),
    ],
)
def test_nothing_else_is_followed(cluster, reply):
    first = cluster.primaries.all[0]
    assert cluster.primaries.follow(reply, first, GET, print) is None


def test_nobody_is_followed_to_who_is_away(cluster):
    cluster.pipeline(1).connected.clear()
    error = hiredis.ReplyError("MOVED 7 10.0.0.1:7001")
    assert cluster.primaries.follow(error, cluster.primaries.all[0], GET, print) is None
    assert cluster.primaries.is_refresh_due.is_set()


NUMBERS = st.integers(0, 9)
BEFORE = st.dictionaries(NUMBERS, st.lists(NUMBERS, max_size=3), max_size=5)


@given(BEFORE, st.sets(NUMBERS, max_size=5))
def test_nobody_goes_on_as_two_and_no_two_as_one(replicas, after):
    before = {name: node(name, *followers) for name, followers in replicas.items()}
    found = successors(before, [node(number) for number in after])
    assert len(set(found.values())) == len(found)
    for node_id, name in found.items():
        number = int(node_id.removeprefix("node"))
        if number != name:
            # A replica took the place of one that serves nothing any more.
            assert end(number) in before[name].replicas
            assert name not in after
    # Who still serves slots stays who it is.
    assert all(found[f"node{name}"] == name for name in before if name in after)
    unclaimed = [one for one in before if one not in found.values() and one not in after]
    heirs = {end(number) for number in after if f"node{number}" not in found}
    assert not any(heirs & set(before[one].replicas) for one in unclaimed)
