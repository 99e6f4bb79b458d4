import hiredis
import pytest

from app.redirect.clicks.shard_choice import ShardChoice
from app.redirect.clicks.shard_routes import ShardRoutes
from app.redirect.redis.replica_wait import NoReplica
from app.redirect.redis.replies import PipelineBroken, PipelineFull
from app.redirect.visits.visit import Visit
from app.redirect.visits.xadd_encoder import XaddEncoder
from app.stores.redis.cluster import slot_of
from tests.support.redirect.cluster_fakes import FakeCluster, end, node, slots_of
from tests.support.redirect.fakes import FakeClock

#: The first two are served by the first primary, the others by the second and the third.
STREAMS = ["s:{u0}", "s:{dj}", "s:{ly}", "s:{9s}"]
ENTRY_ID = b"1-0"
REFUSALS = [
    "CLUSTERDOWN The cluster is down",
    "TRYAGAIN Multiple keys request during rehashing of slot",
    "READONLY You can't write against a read only replica.",
    "NOREPLICAS Not enough good replicas to write.",
    "OOM command not allowed when used memory > 'maxmemory'.",
    "MISCONF Errors writing to the AOF file",
    "LOADING Redis is loading the dataset in memory",
    "WRONGTYPE Operation against a key holding the wrong kind of value",
    "NOPERM No permissions to access a key",
]


class World:
    def __init__(self, *nodes) -> None:
        self.clock = FakeClock()
        self.cluster = FakeCluster(*nodes or (node(0, 3), node(1, 4), node(2, 5)))
        self.encoder = XaddEncoder(STREAMS[0], 1000)
        choice = ShardChoice(STREAMS, self.encoder.address, 0, self.clock)
        self.routes = ShardRoutes(
            self.cluster.primaries, choice, self.encoder, budget_seconds=0.01, clock=self.clock
        )
        self.cluster.start()
        for route in self.routes.routes:
            route.has_room = True
        self.told: list[object] = []

    def click(self) -> None:
        parts = self.encoder.link_parts(b"abc", b"https://a.example/")
        command = self.encoder.encode(b"f" * 32, parts, 1, Visit(b"", b"", b""))
        self.routes.submit_click(command, self.told.append)

    @property
    def waiting(self) -> list[list[str]]:
        """The streams of the clicks that wait at each primary."""
        pipelines = [each.pipeline for each in self.cluster.primaries.all]
        return [
            [command[1].decode() for command in each.commands[-len(each.waiting) :]]
            if each.waiting
            else []
            for each in pipelines
        ]


@pytest.fixture
def world() -> World:
    return World()


def test_the_streams_lie_where_the_tests_take_them_to() -> None:
    owners = [slot_of(stream) * 3 // 16384 for stream in STREAMS]
    assert owners == [0, 0, 1, 2]


def test_a_click_goes_to_the_primary_of_its_shard(world: World) -> None:
    world.click()
    world.click()
    assert world.waiting == [["s:{u0}", "s:{u0}"], [], []]
    world.cluster.pipeline(0).answer(ENTRY_ID)
    assert world.told == [ENTRY_ID]


@pytest.mark.parametrize("refusal", REFUSALS)
def test_another_shard_takes_what_one_refuses_and_what_comes_next(world, refusal) -> None:
    world.click()
    world.cluster.pipeline(0).answer_error(refusal)
    assert world.told == []
    world.click()
    assert world.waiting == [["s:{dj}", "s:{dj}"], [], []]


def test_a_shard_that_refused_is_tried_again_after_a_second(world: World) -> None:
    world.click()
    world.cluster.pipeline(0).answer_error(REFUSALS[0])
    world.clock.now += 10
    for _ in STREAMS:
        world.routes.look()
        world.clock.now += 10
    world.click()
    assert world.waiting[0][-1] in STREAMS[:2]


def test_who_has_tried_every_shard_says_why_the_last_refused(world: World) -> None:
    world.click()
    for at in (0, 0, 1, 2):
        assert world.told == []
        world.cluster.pipeline(at).answer_error(REFUSALS[4])
    assert [str(one) for one in world.told] == [REFUSALS[4]]
    # Where all refuse, the next click asks one of them.
    world.click()
    assert sum(map(len, world.waiting)) == 1


def test_a_primary_that_is_gone_costs_no_click(world: World) -> None:
    world.click()
    pipeline = world.cluster.pipeline(0)
    pipeline.break_off()
    world.click()
    assert world.waiting == [[], ["s:{ly}", "s:{ly}"], []]
    assert world.routes.connected.is_set()
    assert world.told == []


def test_a_slow_primary_is_passed_over(world: World) -> None:
    world.cluster.pipeline(0).age = 0.02
    assert world.routes.oldest_age() == 0
    world.click()
    assert world.waiting == [[], ["s:{ly}"], []]
    for at in range(3):
        world.cluster.pipeline(at).age = 0.02
    assert world.routes.oldest_age() == 0.02


def test_a_full_shard_is_passed_over(world: World) -> None:
    world.routes.routes[0].has_room = False
    world.click()
    assert world.waiting == [["s:{dj}"], [], []]


def test_a_full_pipeline_and_one_without_replicas_are_passed_over(world: World, monkeypatch):
    def full(*_):
        raise PipelineFull("20000 commands wait for their replies")

    def no_replica(*_):
        raise NoReplica("no replica confirms clicks")

    monkeypatch.setattr(world.cluster.pipeline(0), "submit_click", full)
    monkeypatch.setattr(world.cluster.pipeline(1), "submit_click", no_replica)
    world.click()
    assert world.waiting == [[], [], ["s:{9s}"]]


def test_a_click_that_no_replica_had_in_time_is_not_sent_twice(world: World) -> None:
    world.click()
    world.cluster.pipeline(0).waiting[0](NoReplica("no replica has it"))
    world.cluster.pipeline(0).answer(ENTRY_ID)
    assert isinstance(world.told[0], NoReplica)
    assert world.told[1:] == [ENTRY_ID]
    assert world.waiting == [[], [], []]


def test_nobody_takes_a_click_while_all_are_away(world: World) -> None:
    for at in range(3):
        world.cluster.pipeline(at).connected.clear()
    assert not world.routes.connected.is_set()
    with pytest.raises(PipelineBroken):
        world.click()


@pytest.mark.parametrize(("word", "asking"), [("MOVED", []), ("ASK", [[b"ASKING"]])])
def test_a_redirected_click_follows_once(world: World, word, asking) -> None:
    world.click()
    world.cluster.pipeline(0).answer_error(f"{word} 511 10.0.0.1:7001")
    target = world.cluster.pipeline(1)
    assert target.commands[:-1] == asking
    assert target.commands[-1][1] == b"s:{u0}"
    assert world.cluster.primaries.is_refresh_due.is_set() == (word == "MOVED")
    for _ in asking:
        target.answer(b"OK")
    target.answer_error("MOVED 511 10.0.0.1:7002")
    assert world.cluster.pipeline(2).commands == []
    assert world.told == []
    assert world.waiting[0] == ["s:{dj}"]


def test_a_click_whose_redirection_leads_to_nobody_known_goes_to_another_shard(world) -> None:
    world.click()
    world.cluster.pipeline(0).answer_error("MOVED 511 10.0.0.9:7009")
    assert world.waiting == [["s:{dj}"], [], []]
    for at in (0, 1, 2):
        world.cluster.pipeline(at).answer_error("MOVED 511 10.0.0.9:7009")
    # It is no word of Redis' that stands for good.
    assert [type(one) for one in world.told] == [PipelineBroken]


def test_a_click_that_redis_will_never_take_leaves_shards_as_they_are(world: World) -> None:
    world.click()
    world.cluster.pipeline(0).answer_error("ERR this click is odd")
    assert isinstance(world.told[0], hiredis.ReplyError)
    assert all(route.rests_until == 0 for route in world.routes.routes)


def test_what_comes_back_from_the_spool_goes_where_clicks_go_now(world: World) -> None:
    parts = world.encoder.link_parts(b"abc", b"https://a.example/")
    world.encoder.address("clicks:stream")
    command = world.encoder.encode(b"f" * 32, parts, 1, Visit(b"", b"", b""))
    world.encoder.address(STREAMS[0])
    world.routes.submit_click(command, world.told.append)
    assert world.waiting == [["s:{u0}"], [], []]


def test_servers_are_counted_over_all_primaries(world: World) -> None:
    world.cluster.pipeline(0).doubt_server()
    world.cluster.pipeline(2).doubt_server()
    assert world.routes.server_number == 2
    world.cluster.primaries.update(slots_of([node(0), node(1)]))
    assert world.routes.server_number == 3
    assert end(2) not in [one.node.end for one in world.cluster.primaries.all]


def test_one_that_rests_takes_clicks_while_all_others_are_slow(world: World) -> None:
    world.click()
    world.cluster.pipeline(0).answer_error(REFUSALS[0])
    world.cluster.pipeline(0).answer(ENTRY_ID)
    for at in (0, 1, 2):
        world.cluster.pipeline(at).age = 0.02
    assert world.routes.oldest_age() == 0.02
    world.cluster.pipeline(0).age = 0.0
    world.routes.let_rest(world.routes.routes[1])
    assert world.routes.oldest_age() == 0
    world.click()
    assert len(world.waiting[0]) == 1
