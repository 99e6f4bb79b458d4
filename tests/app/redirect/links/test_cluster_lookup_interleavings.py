from collections import deque

import hiredis
from hypothesis import given, settings
from hypothesis import strategies as st

from app.config.settings import Settings
from app.links.link import Link, encode
from app.redirect.links.cluster_lookup import ClusterLookup
from app.stores.keys import link_key
from app.stores.redis.cluster import SlotMap, SlotRange, slot_of
from tests.support.redirect.cluster_fakes import FakeCluster, end, node
from tests.support.redirect.fakes import FakeClock, link

SLOT = slot_of(link_key("abc"))


class Interleaving:
    """A link whose slot moves between two primaries; all that is on its way arrives in any order.

    What is heard late is the map as well: the lookup learns of a move some time after it.
    """

    def __init__(self) -> None:
        self.cluster = FakeCluster()
        given = Settings.model_construct(
            lookup_budget_ms=1e6,
            link_stale_seconds=60,
            link_cache_size=10,
            unknown_cache_size=10,
            unknown_cache_seconds=5,
        )
        primaries = self.cluster.primaries
        self.lookup = ClusterLookup(primaries, given, self.cluster.metrics, FakeClock())
        self.listeners = {}
        primaries.on_joined.append(
            lambda one: self.listeners.update({one.node.id: self.lookup.watched(one)})
        )
        self.version = self.owner = self.mapped = 0
        self.pushes = deque[int](), deque[int]()
        self.replies = deque[object](), deque[object]()
        self.executed = [0, 0]
        self.are_watched = [True, True]
        self.refresh()
        for at in (0, 1):
            self.listener(at).watch_began()

    def listener(self, at: int):
        return self.listeners[f"node{at}"]

    def pipeline(self, at: int):
        return self.listener(at).primary.pipeline

    def refresh(self) -> None:
        self.mapped = self.owner
        others = SlotRange(SLOT + 1, 16383, node(1)), SlotRange(0, SLOT - 1, node(0))
        moving = SlotRange(SLOT, SLOT, node(self.owner))
        self.cluster.primaries.update(SlotMap([moving, *others]))

    def move(self) -> None:
        # The map is known twice a second, and no slot goes there and back within that.
        if self.mapped == self.owner:
            self.owner = 1 - self.owner

    def ask(self) -> None:
        self.lookup.find("abc", lambda _: None)

    def execute(self, at: int) -> None:
        if self.executed[at] < len(self.pipeline(at).commands):
            self.executed[at] += 1
            host, port = end(self.owner)
            moved = hiredis.ReplyError(f"MOVED {SLOT} {host}:{port}")
            text = encode(link(target=f"https://a.example/{self.version}"))
            self.replies[at].append(text if at == self.owner else moved)

    def reply(self, at: int) -> None:
        if self.replies[at]:
            self.pipeline(at).answer(self.replies[at].popleft())

    def write(self) -> None:
        self.version += 1
        if self.are_watched[self.owner]:
            self.pushes[self.owner].append(self.version)

    def push(self, at: int) -> None:
        if self.pushes[at]:
            self.pushes[at].popleft()
            self.listener(at).changed("abc")

    def lose(self, at: int) -> None:
        self.listener(at).watch_ended()
        self.are_watched[at] = False
        self.pushes[at].clear()

    def watch(self, at: int) -> None:
        if not self.are_watched[at]:
            self.are_watched[at] = True
            self.listener(at).watch_began()

    def check(self) -> None:
        if self.mapped != self.owner or any(self.pushes):
            return
        cached = self.lookup.cached("abc")
        if cached is not None:
            assert isinstance(cached, Link)
            assert int(cached.target.rpartition("/")[2]) == self.version


EVERYWHERE = ("ask", "write") * 3 + ("move", "refresh") * 2
AT_ONE = ("execute", "reply", "push") * 3 + ("lose", "watch")
STEPS = st.one_of(
    st.tuples(st.sampled_from(EVERYWHERE)),
    st.tuples(st.sampled_from(AT_ONE), st.integers(0, 1)),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(STEPS, min_size=20, max_size=60))
def test_what_is_answered_from_memory_is_never_older_than_what_could_be_heard(steps):
    interleaving = Interleaving()
    for name, *at in steps:
        getattr(interleaving, name)(*at)
        interleaving.check()
