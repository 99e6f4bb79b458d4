import gevent
import pytest
from redis import Redis

from app.keys import link_uses_key
from app.links import Link
from app.redirect.lookup import LookupUnavailable
from app.redirect.uses import Uses
from app.redis import parse_url
from tests.app.redirect.pipelines import make_pipeline

LINK = Link(code="abc", target="https://a.example/", created_ms=1, updated_ms=1, click_limit=7)


@pytest.fixture
def pipeline(redis_url):
    made = make_pipeline(lambda: parse_url(redis_url))
    made.start()
    assert made.connected.wait(5)
    yield made
    made.close(0)


def test_exactly_as_many_as_the_limit_may_follow(pipeline):
    uses = Uses(pipeline, 2)
    assert uses.are_left(LINK, 7)
    spent = [gevent.spawn(uses.spend, LINK, 7) for _ in range(30)]
    gevent.joinall(spent, raise_error=True)
    assert sum(greenlet.value for greenlet in spent) == 7
    assert not uses.are_left(LINK, 7)


def test_a_counter_that_is_no_number_is_no_answer(pipeline, redis_url):
    with Redis.from_url(redis_url) as client:
        client.set(link_uses_key("abc"), "many")
    uses = Uses(pipeline, 2)
    with pytest.raises(LookupUnavailable):
        uses.spend(LINK, 7)
    with pytest.raises(LookupUnavailable):
        uses.are_left(LINK, 7)


def test_without_redis_the_limit_can_not_be_kept(pipeline):
    pipeline.close(0)
    with pytest.raises(LookupUnavailable):
        Uses(pipeline, 2).spend(LINK, 7)
