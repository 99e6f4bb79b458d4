import os

import gevent
import hiredis
import pytest
from redis import Redis

from app.links.link import Link
from app.redirect.links.answers import LookupUnavailable
from app.redirect.links.click_limits import ClickLimits
from app.redirect.redis.resp import encode_command
from app.stores.keys import link_spent_key, link_uses_key
from app.stores.redis.address import parse_url
from tests.conftest import missing
from tests.support.redirect.fakes import FakeClock
from tests.support.redirect.pipelines import make_pipeline
from tests.support.servers import RedisServer, redis_server_7

LINK = Link(code="abc", target="https://a.example/", created_ms=1, updated_ms=1, click_limit=7)
OTHER = Link(code="def", target="https://a.example/", created_ms=1, updated_ms=1, click_limit=7)


def new_id() -> bytes:
    return os.urandom(16)


@pytest.fixture
def pipeline(redis_url):
    made = make_pipeline(lambda: parse_url(redis_url))
    made.start()
    assert made.connected.wait(60)
    yield made
    made.close(0)


@pytest.fixture
def client(redis_url):
    with Redis.from_url(redis_url) as made:
        yield made


def test_exactly_as_many_as_the_limit_may_follow(pipeline, client):
    limits = ClickLimits(pipeline, 2)
    assert limits.are_left(LINK, 7)
    spent = [gevent.spawn(limits.spend, LINK, 7, new_id()) for _ in range(30)]
    gevent.joinall(spent, raise_error=True)
    assert sum(greenlet.value for greenlet in spent) == 7
    assert not limits.are_left(LINK, 7)
    assert int(client.get(link_uses_key("abc"))) == 7


def test_the_second_try_of_a_visit_spends_nothing_and_gets_the_answer_of_the_first(
    pipeline, client
):
    clicks = [new_id() for _ in range(9)]
    limits, elsewhere = ClickLimits(pipeline, 2), ClickLimits(pipeline, 2)
    first = [limits.spend(LINK, 7, click) for click in clicks]
    assert first == [True] * 7 + [False] * 2
    assert [elsewhere.spend(LINK, 7, click) for click in clicks] == first
    assert int(client.get(link_uses_key("abc"))) == 7


def test_a_higher_limit_lets_those_through_who_were_refused_before(pipeline):
    limits = ClickLimits(pipeline, 2)
    assert [limits.spend(LINK, 1, new_id()) for _ in range(20)] == [True] + [False] * 19
    assert [limits.spend(LINK, 3, new_id()) for _ in range(3)] == [True, True, False]


def test_what_is_known_of_clicks_is_bounded_and_forgotten(pipeline, client, monkeypatch):
    monkeypatch.setattr("app.redirect.links.click_limits._KNOWN_CLICKS", 5)
    limits = ClickLimits(pipeline, 2)
    for _ in range(12):
        assert limits.spend(LINK, 100, new_id())
    assert client.zcard(link_spent_key("abc")) == 5
    assert 0 < client.ttl(link_spent_key("abc")) <= 3600
    assert client.ttl(link_uses_key("abc")) == -1


def test_a_counter_that_is_no_number_is_no_answer(pipeline, client):
    client.set(link_uses_key("abc"), "many")
    limits = ClickLimits(pipeline, 2)
    with pytest.raises(LookupUnavailable):
        limits.spend(LINK, 7, new_id())
    with pytest.raises(LookupUnavailable):
        limits.are_left(LINK, 7)


def test_without_redis_the_limit_can_not_be_kept(pipeline):
    pipeline.close(0)
    with pytest.raises(LookupUnavailable):
        ClickLimits(pipeline, 2).spend(LINK, 7, new_id())


@pytest.fixture(params=["valkey", "redis7"])
def server(request, tmp_path):
    binary = None
    if request.param == "redis7":
        binary = redis_server_7() or missing("redis-server")
    with RedisServer(tmp_path / "redis", *([binary] if binary else [])) as started:
        yield started


def test_a_full_redis_still_counts_uses(server):
    pipeline = make_pipeline(lambda: parse_url(server.url))
    pipeline.start()
    assert pipeline.connected.wait(60)
    with Redis.from_url(server.url) as full:
        full.config_set("maxmemory", 1)
        limits = ClickLimits(pipeline, 2)
        assert [limits.spend(LINK, 2, new_id()) for _ in range(3)] == [True, True, False]
        full.config_set("maxmemory", 0)
    pipeline.close(0)


class Losing:
    """A pipeline to a Redis that is set back to an earlier state and then counts as another."""

    def __init__(self, pipeline, client) -> None:
        self.pipeline, self.client = pipeline, client

    def lose(self, *links: Link, uses: int) -> None:
        for link in links:
            self.client.set(link_uses_key(link.code), uses)
            self.client.zremrangebyscore(link_spent_key(link.code), f"({uses}", "inf")

    def fail_over(self) -> None:
        self.pipeline.reconnect("another server answers")
        gevent.sleep(0)
        assert self.pipeline.connected.wait(60)


@pytest.fixture
def losing(pipeline, client):
    return Losing(pipeline, client)


def make_limits(pipeline, clock=None):
    limits = ClickLimits(pipeline, 2, **({"clock": clock} if clock else {}))
    pipeline.on_new_server.append(limits.tell_again)
    return limits


def test_uses_that_a_server_lost_are_counted_again_before_anybody_is_let_through(
    losing, pipeline, client, monkeypatch
):
    monkeypatch.setattr("app.redirect.links.click_limits._HOLD_SECONDS", 0.0)
    limits = make_limits(pipeline)
    spent = [new_id() for _ in range(6)]
    assert all(limits.spend(LINK, 7, click) for click in spent)
    assert limits.spend(OTHER, 7, new_id())
    losing.lose(LINK, uses=2)
    losing.lose(OTHER, uses=0)
    losing.fail_over()
    # The first that is asked of the new connection.
    assert [limits.spend(LINK, 7, new_id()) for _ in range(8)] == [True] + [False] * 7
    assert int(client.get(link_uses_key("def"))) == 1
    assert int(client.get(link_uses_key("abc"))) == 7


def test_uses_that_the_server_kept_are_counted_once(losing, pipeline, client):
    limits = make_limits(pipeline)
    assert all(limits.spend(LINK, 7, new_id()) for _ in range(5))
    for _ in range(3):
        losing.fail_over()
    gevent.sleep(0.1)
    assert int(client.get(link_uses_key("abc"))) == 5


def test_nobody_new_is_let_through_while_other_workers_may_have_to_tell_theirs(losing, pipeline):
    clock = FakeClock()
    limits = make_limits(pipeline, clock)
    pipeline.heard_at = clock.now
    losing.fail_over()
    with pytest.raises(LookupUnavailable, match="counted again"):
        limits.spend(LINK, 7, new_id())
    assert limits.are_left(LINK, 7)
    clock.now += 1.5
    assert limits.spend(LINK, 7, new_id())


@pytest.mark.parametrize(("outage_after_seconds", "counted"), [(3.9, 3), (4.1, 0)])
def test_age_counts_up_to_the_last_sign_of_life_however_long_the_outage(
    losing, pipeline, client, outage_after_seconds, counted
):
    clock = FakeClock()
    limits = ClickLimits(pipeline, 2, resend_seconds=4.0, clock=clock)
    assert all(limits.spend(LINK, 7, new_id()) for _ in range(3))
    losing.lose(LINK, uses=0)
    pipeline.heard_at = clock.now + outage_after_seconds
    clock.now += 86_400
    limits.tell_again()
    pipeline.call(encode_command(b"PING"), 2)
    assert int(client.get(link_uses_key("abc"))) == counted


def test_what_was_told_in_vain_is_told_again(losing, pipeline, client):
    limits = make_limits(pipeline)
    assert all(limits.spend(LINK, 7, new_id()) for _ in range(5))
    losing.lose(LINK, uses=1)
    limits.tell_again()
    # Before it has left.
    losing.fail_over()
    pipeline.call(encode_command(b"PING"), 2)
    assert int(client.get(link_uses_key("abc"))) == 5


def test_many_uses_are_told_in_few_commands(losing, pipeline, client, monkeypatch):
    monkeypatch.setattr("app.redirect.links.click_limits._TOLD_AT_ONCE", 4)
    limits = make_limits(pipeline)
    clicks = [new_id() for _ in range(10)]
    assert all(limits.spend(LINK, 100, click) for click in clicks)
    losing.lose(LINK, uses=0)
    losing.fail_over()
    pipeline.call(encode_command(b"PING"), 2)
    assert int(client.get(link_uses_key("abc"))) == 10
    assert client.zrange(link_spent_key("abc"), 0, -1) == clicks


def test_a_server_that_is_loading_is_told_when_it_has_done_so(
    losing, pipeline, client, monkeypatch
):
    limits = make_limits(pipeline)
    assert all(limits.spend(LINK, 7, new_id()) for _ in range(5))
    losing.lose(LINK, uses=1)
    real, answers = pipeline.submit, ["LOADING Redis is loading the dataset in memory"] * 2

    def submit(command, on_reply):
        if b"EVAL" in command and answers:
            on_reply(hiredis.ReplyError(answers.pop()))
        else:
            real(command, on_reply)

    monkeypatch.setattr(pipeline, "submit", submit)
    limits.tell_again()
    assert limits.are_left(LINK, 7)
    with gevent.Timeout(60):
        while int(client.get(link_uses_key("abc"))) < 5:
            gevent.sleep(0.05)
    assert answers == []
