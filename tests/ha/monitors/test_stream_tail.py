from redis import Redis

from tests.chaos.visitors.client_log import REFERRER
from tests.ha.monitors.stream_tail import StreamTail
from tests.support.worker_processes import wait_until


def test_entries_are_noted_that_are_gone_at_the_end(redis_url):
    with Redis.from_url(redis_url) as client:
        with StreamTail(lambda: Redis.from_url(redis_url), ["first", "second"]) as tail:
            for number, stream in enumerate(["first", "second", "first"]):
                client.xadd(stream, {"referer": f"{REFERRER}{number}"})
                wait_until(lambda count=number + 1: len(tail.entries) == count)
                client.xtrim(stream, maxlen=0)
            client.xadd("second", {"referer": f"{REFERRER}9"})
        assert [entry.number for entry in tail.entries] == [0, 1, 2, 9]


def test_a_redis_that_is_away_is_asked_again(redis_url, free_port):
    ports = [free_port()]
    with StreamTail(
        lambda: Redis(port=ports.pop()) if ports else Redis.from_url(redis_url), ["first"]
    ) as tail:
        with Redis.from_url(redis_url) as client:
            client.xadd("first", {"referer": f"{REFERRER}1"})
        wait_until(lambda: [entry.number for entry in tail.entries] == [1])
