import socket
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.stores.redis.address import Address, named, parse_url
from app.stores.redis.server import FailoverDetector, RedisServer, ends_of
from tests.support.redirect.fakes import FakeClock

OURS, OTHER = RedisServer("a", "1", "master"), RedisServer("b", "2", "master")
OTHER_REPLICA = RedisServer("b", "1", "slave")
HERE, THERE = ("10.0.0.1", 6379), ("10.0.0.2", 6379)


class World:
    """A name, who answers where it leads, and what was asked for."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.ends = [HERE]
        self.answering: RedisServer | None = OURS
        self.asked = 0
        self.address = Address(host="redis.example")
        self.detector = FailoverDetector(lambda: self.address, self.resolve, self.ask, self.clock)

    def resolve(self, *_: object) -> list[tuple[object, ...]]:
        if not self.ends:
            raise socket.gaierror("nobody knows")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", end) for end in self.ends]

    def ask(self, _: Address) -> RedisServer | None:
        self.asked += 1
        return self.answering

    def look(self, peer=HERE, server: RedisServer = OURS) -> bool:
        self.clock.now += 1
        return self.detector.leads_elsewhere(peer, server)


@pytest.fixture
def world() -> World:
    return World()


def test_a_name_that_moved_to_another_master_is_followed(world):
    world.ends, world.answering = [THERE], OTHER
    assert world.look()
    assert world.detector.is_astray
    assert not world.look(THERE, OTHER)
    assert not world.detector.is_astray


@pytest.mark.parametrize("answering", [None, OTHER_REPLICA])
def test_a_name_that_leads_to_no_other_master_is_not(world, answering):
    world.ends, world.answering = [THERE], answering
    assert not world.look()
    assert world.detector.is_astray


def test_a_name_that_leads_to_our_server_by_another_way_leads_to_it(world):
    world.ends, world.answering = [THERE], OURS
    assert not world.look()
    assert not world.detector.is_astray


def test_a_name_that_nobody_knows_is_no_reason_to_leave(world):
    world.ends, world.answering = [], OTHER
    assert not world.look()
    assert not world.detector.is_astray


def test_of_many_addresses_ours_will_do(world):
    world.ends, world.answering = [THERE, HERE], OTHER
    assert not any(world.look() for _ in range(100))
    assert world.asked == 0


def test_who_answers_at_the_same_address_is_asked_every_few_seconds(world):
    assert not any(world.look() for _ in range(90))
    assert world.asked == 30
    world.answering = OTHER
    assert any(world.look() for _ in range(3))


def test_who_may_not_be_asked_who_it_is_is_not_left(world):
    unknown = RedisServer()
    world.ends, world.answering = [THERE], unknown
    assert not world.look(server=unknown)


@given(st.integers(0, 2**600 - 1))
def test_an_address_that_leads_to_and_fro_is_followed_ever_more_rarely(flips):
    """Each bit says where it leads for a second."""
    world, ours, moves = World(), OURS, []
    for second in range(600):
        world.answering = OTHER if flips >> second & 1 else OURS
        if world.look(server=ours):
            ours = world.answering
            moves.append(second)
    assert len(moves) <= 14
    assert all(later - earlier >= 5 for earlier, later in pairwise(moves))


def test_it_is_known_by_info_and_its_id_by_process_and_role():
    info = b"# Server\r\nrun_id:abc\r\n# Replication\r\nrole:slave\r\nmaster_replid:12\r\n"
    server = RedisServer.from_info(info)
    assert server == RedisServer("abc", "12", "slave")
    assert server.is_replica
    assert server.id != RedisServer("abc", "13").id
    assert RedisServer.from_info(b"").id == ""


def test_a_literal_address_and_a_unix_socket_lead_to_themselves():
    assert ends_of(Address(), socket.getaddrinfo) == {("127.0.0.1", 6379)}
    assert ends_of(Address(path="/run/r.sock"), socket.getaddrinfo) == {("/run/r.sock", 0)}


def test_it_is_named_as_it_is_set_and_by_where_that_led():
    assert named(Address(), ("127.0.0.1", 6379)) == "127.0.0.1:6379"
    assert named(Address(host="redis.example"), HERE) == "redis.example:6379 (10.0.0.1)"
    assert named(Address(path="/run/r.sock"), ("/run/r.sock", 0)) == "/run/r.sock"


def test_a_majority_of_sentinels_is_followed_at_once_however_often(world):
    address = parse_url("redis+sentinel://s1,s2,s3/mymaster")
    for end, other in [(THERE, OTHER), (HERE, OURS)] * 3:
        world.address, world.ends, world.answering = address.at(end), [end], other
        before = (HERE, OURS) if end == THERE else (THERE, OTHER)
        assert world.look(*before)
