import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.stores.redis.agreement import OneServer, ServerLeft
from app.stores.redis.errors import RedisUnavailable
from app.stores.redis.server import RedisServer

PEER, OTHER_PEER = ("10.0.0.1", 6379), ("10.0.0.2", 6379)
A, B = RedisServer("a", "1", "master"), RedisServer("b", "2", "master")


@pytest.fixture
def server():
    return OneServer("redis://redis.example")


def test_wires_that_reach_the_same_server_agree(server):
    agreement = server.agree(PEER, A)
    assert server.agree(PEER, A) == agreement
    server.require(agreement)
    assert server.reached == (PEER, A)


@pytest.mark.parametrize("other", [B, RedisServer("a", "9", "master")])
def test_one_that_reaches_another_ends_the_agreement_of_all(server, other):
    agreement = server.agree(PEER, A)
    with pytest.raises(RedisUnavailable, match=r"redis.example:6379 leads to another.*10.0.0.2"):
        server.agree(OTHER_PEER, other)
    with pytest.raises(ServerLeft):
        server.require(agreement)
    server.require(server.agree(OTHER_PEER, other))


def test_a_server_that_is_left_meanwhile_is_not_left_twice(server):
    server.agree(PEER, A)
    server.leave((PEER, A), "is no master")
    agreement = server.agree(OTHER_PEER, B)
    server.leave((PEER, A), "is no master")
    server.require(agreement)


def test_it_may_be_left_from_another_thread(server):
    agreement = server.agree(PEER, A)
    leaving = threading.Thread(target=server.leave, args=((PEER, A), "is no master"))
    leaving.start()
    leaving.join()
    with pytest.raises(RedisUnavailable, match="is no master"):
        server.require(agreement)
    assert server.reached is None


@given(st.lists(st.tuples(st.integers(0, 1), st.sampled_from((A, B))), max_size=60))
def test_two_connections_never_work_on_two_servers_and_settle_at_the_third_try(steps):
    """Each step is a call of one of two connections, when new ones reach a server."""
    one_server = OneServer("redis://redis.example")
    connections: list[tuple[int, RedisServer] | None] = [None, None]

    def call(number: int, answering: RedisServer) -> bool:
        try:
            if connections[number] is None:
                connections[number] = one_server.agree(PEER, answering), answering
            one_server.require(connections[number][0])
        except RedisUnavailable:
            connections[number] = None
            return False
        return True

    worked: list[tuple[int, RedisServer]] = []
    for number, answering in steps:
        if call(number, answering):
            agreement, reached = connections[number]
            worked.append((agreement, reached))
    servers = dict(worked)
    assert all(servers[agreement] == reached for agreement, reached in worked)
    assert sum(not call(number, A) for _ in range(4) for number in (0, 1)) <= 3
    assert all(call(number, A) for number in (0, 1))
    assert [reached for _, reached in connections] in ([A, A], [B, B])
