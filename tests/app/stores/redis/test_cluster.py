import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.local.ports import LOOPBACK
from app.stores.redis.cluster import (
    SLOT_COUNT,
    NoCluster,
    Node,
    Redirection,
    SlotMap,
    SlotRange,
    merged,
    read_redirection,
    read_view,
    slot_of,
)
from tests.support.cluster import Cluster

ASKED = ("10.0.0.9", 7000)
NODES = b"""\
a1 10.0.0.1:6379@16379,one.example master - 0 0 3 connected 0-8191
b2 10.0.0.2:6379@16379 myself,master,fail - 0 0 7 connected 8192-16383 [8192->-a1]
c3 10.0.0.3:6379@16379 slave a1 0 0 3 connected
d4 10.0.0.4:6379@16379 slave,fail a1 0 0 3 connected
"""


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=50,
)
@given(st.lists(st.text("ab{}:é", max_size=12), max_size=20))
def test_a_key_is_in_the_slot_that_a_server_says(cluster: Cluster, keys: list[str]) -> None:
    assert [slot_of(key) for key in keys] == [
        cluster.nodes[0].call("CLUSTER", "KEYSLOT", key) for key in keys
    ]


@pytest.mark.parametrize("key", ["123456789", b"123456789", "x{123456789}y{z}"])
def test_a_slot_is_that_of_a_key_or_its_tag(key: str | bytes) -> None:
    assert slot_of(key) == 12_739


@pytest.mark.parametrize(
    ("reply", "redirection"),
    [
        ("MOVED 3999 10.0.0.1:6381", Redirection(3999, ("10.0.0.1", 6381), is_ask=False)),
        ("ASK 0 one.example:6381", Redirection(0, ("one.example", 6381), is_ask=True)),
        ("MOVED 3999 :6381", Redirection(3999, ("10.0.0.9", 6381), is_ask=False)),
        ("MOVED 3999 ?:6381", Redirection(3999, ("10.0.0.9", 6381), is_ask=False)),
        ("ASK 16383 fe80::1:6381", Redirection(16_383, ("fe80::1", 6381), is_ask=True)),
        ("TRYAGAIN Multiple keys request during rehashing of slot", None),
        ("MOVED", None),
        ("MOVED 3999", None),
        ("MOVED x 10.0.0.1:6381", None),
        ("MOVED 3999 10.0.0.1:", None),
        ("ERR unknown command", None),
    ],
)
def test_redirections_are_read(reply: str, redirection: Redirection | None) -> None:
    assert read_redirection(reply, ASKED) == redirection


@given(st.text())
def test_no_error_reply_is_too_odd_to_be_read(reply: str) -> None:
    read_redirection(reply, ASKED)
    read_redirection(f"MOVED {reply}", ASKED)


def test_a_view_has_ends_of_one_reply_and_epochs_of_the_other() -> None:
    slots = [
        [0, 8191, [b"10.0.0.1", 6379, b"a1", []], [b"10.0.0.3", 6379, b"c3", []]],
        [8192, 16383, [b"10.0.0.2", 6379, b"b2", []]],
    ]
    seen = read_view(ASKED, slots, NODES)
    assert (seen.node_id, seen.members) == ("b2", {"a1", "b2", "c3", "d4"})
    view = seen.slots
    first, second = view.nodes
    assert first == Node("a1", ("10.0.0.1", 6379), 3, (("10.0.0.3", 6379),))
    assert second == Node("b2", ("10.0.0.2", 6379), 7, is_failed=True)
    assert (view.node_of(8191), view.node_of(8192)) == (first, second)
    assert view.slot_count == SLOT_COUNT


def test_a_replica_that_has_failed_is_left_out() -> None:
    slots = [[0, 1, [b"h", 1, b"a1", []], [b"h", 2, b"c3", []], [b"h", 3, b"d4", []]]]
    assert read_view(ASKED, slots, NODES).slots.nodes[0].replicas == (("h", 2),)


@pytest.mark.parametrize(
    ("node", "end"),
    [
        ([b"", 6379, b"a1", []], ("10.0.0.9", 6379)),
        ([None, 6379, b"a1", [b"ip", b"10.0.0.1"]], ("10.0.0.1", 6379)),
        ([b"?", 6379, b"a1", {b"ip": b"10.0.0.1"}], ("10.0.0.1", 6379)),
        ([b"?", 6379, b"a1"], ("10.0.0.9", 6379)),
        ([b"one.example", 6379, b"a1", {b"ip": b"10.0.0.1"}], ("one.example", 6379)),
        (["::1", 6379, "a1"], ("::1", 6379)),
    ],
)
def test_a_node_without_a_host_is_where_its_address_or_who_names_it_is(
    node: list[object], end: tuple[str, int]
) -> None:
    assert read_view(ASKED, [[0, 1, node]], NODES).slots.nodes[0].end == end


@pytest.mark.parametrize(
    ("slots", "nodes"),
    [
        (None, b""),
        (b"OK", b""),
        ([[0, 1]], b""),
        ([[0, 1, []]], b""),
        ([[0, 1, [b"h", b"port", b"a1"]]], b""),
        ([[0, 16_384, [b"h", 1, b"a1"]]], b""),
        ([[5, 4, [b"h", 1, b"a1"]]], b""),
        ([], b"what is this"),
        ([], b"a1 h:1@2 master - 0 0 3 connected"),
    ],
)
def test_what_no_node_says_is_refused(slots: object, nodes: object) -> None:
    with pytest.raises(NoCluster, match=r"10\.0\.0\.9:7000 answers what no node"):
        read_view(ASKED, slots, nodes)


ranges = st.lists(st.integers(0, 60), unique=True, max_size=6).map(sorted)


@st.composite
def views(draw: st.DrawFn) -> list[SlotMap]:
    """Views in which each node has one epoch, and each epoch one node, as in a cluster."""
    made = []
    for _ in range(draw(st.integers(0, 4))):
        edges = draw(ranges)
        owners = draw(st.lists(st.integers(1, 5), min_size=len(edges), max_size=len(edges)))
        made.append(
            SlotMap(
                SlotRange(first, end - 1, Node(f"n{owner}", ("h", owner), owner))
                for first, end, owner in zip(edges, edges[1:], owners, strict=False)
            )
        )
    return made


@given(views())
def test_of_several_views_the_newest_claim_of_each_slot_counts(seen: list[SlotMap]) -> None:
    together = merged(seen)
    for slot in range(61):
        claims = [node for view in seen if (node := view.node_of(slot))]
        assert together.node_of(slot) == max(claims, key=lambda node: node.epoch, default=None)
    assert merged([together, *seen]) == together


def test_a_node_that_is_cut_off_misleads_nobody() -> None:
    old, new = Node("old", ("h", 1), 1), Node("new", ("h", 2), 8)
    of_the_cut_off, of_others = SlotMap([SlotRange(0, 99, old)]), SlotMap([SlotRange(0, 99, new)])
    assert merged([of_the_cut_off, of_others]).nodes == (new,)


def test_nobody_serves_a_slot_that_nobody_claims() -> None:
    view = SlotMap([SlotRange(5, 9, Node("n", ("h", 1)))])
    assert [view.node_of(slot) for slot in (0, 4, 10, 16_383)] == [None] * 4
    assert SlotMap().nodes == ()


def test_a_real_cluster_is_read(cluster: Cluster) -> None:
    for node in cluster.nodes:
        view = node.view()
        assert [each.end for each in view.nodes] == [(LOOPBACK, one.port) for one in cluster.nodes]
        assert len({each.epoch for each in view.nodes if each.epoch}) == 3
        assert view.slot_count == SLOT_COUNT
