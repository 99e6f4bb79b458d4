import pytest

from app.config.instance import instance_id

PLAIN = "redis://127.0.0.1:6379/0"


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        "redis://[::1]:6379",
        "redis://hopline-redirect:secret@127.0.0.1/0",
        "redis://127.0.0.1/5?db=0",
        "rediss://LOCALHOST:6379/",
    ],
)
def test_services_that_log_in_as_others_are_of_one_installation(make_settings, url):
    assert instance_id(make_settings(redis_url=url)) == instance_id(make_settings(redis_url=PLAIN))


def test_whoever_works_on_other_clicks_is_another(make_settings):
    others = [
        {"redis_url": "redis://127.0.0.1:6380/0"},
        {"redis_url": "redis://127.0.0.1:6379/1"},
        {"redis_url": "redis://redis.internal:6379/0"},
        {"redis_url": "unix:///run/redis/redis.sock"},
        {"redis_url": "unix:///run/redis/redis.sock?db=1"},
        {"redis_url": "redis+sentinel://a,b,c/mymaster"},
        {"redis_url": "redis+sentinel://a,b,c/other"},
        {"redis_url": "redis+sentinel://a,b,c/mymaster/1"},
        {"redis_url": "redis+cluster://a,b,c"},
        {"redis_url": "redis+cluster://d,e,f"},
        {"stream": "other:stream"},
        {"group": "other-group"},
    ]
    found = {instance_id(make_settings(**{"redis_url": PLAIN, **other})) for other in others}
    assert len(found) == len(others)
    assert instance_id(make_settings(redis_url=PLAIN)) not in found


def test_hosts_that_list_other_sentinels_of_a_master_are_of_one_installation(make_settings):
    urls = ["redis+sentinel://a,b:26380,c/mymaster/0", "rediss+sentinel://me:secret@c,a/mymaster"]
    one, other = (instance_id(make_settings(redis_url=url)) for url in urls)
    assert one == other


def test_it_tells_nothing_of_where_redis_is(make_settings):
    told = instance_id(make_settings(redis_url="redis://user:secret@redis.internal/0"))
    assert len(told) == 12
    assert int(told, 16)
