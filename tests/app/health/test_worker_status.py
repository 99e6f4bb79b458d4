import orjson
import pytest

from app.health.worker_status import EXPIRE_SECONDS, ConsumerState, WorkersState, WorkerStates
from app.stores import keys
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisUnavailable

CONSUMER = ConsumerState(1, 4711, "web-1-ab", "reading", 1234.5, 99, 3.2, 2, 150_000_000)
STATE = WorkersState("web", 4700, "running", 1, 12, 3, (CONSUMER,))
STREAM, GROUP = "clicks:stream", "analytics-group"


@pytest.fixture
def client(redis_url):
    with connect(redis_url, timeout_seconds=30) as client:
        yield client


@pytest.fixture
def states(client, redis_url):
    return WorkerStates(client, redis_url, STREAM, GROUP)


def test_a_state_is_read_as_it_was_published(states):
    states.publish(STATE, STATE.name)
    assert states.all() == [STATE]


def test_a_state_expires_by_itself(states, client):
    states.publish(STATE, STATE.name)
    assert 0 < client.ttl(keys.supervisor_key(STREAM, GROUP, STATE.name)) <= EXPIRE_SECONDS


def test_hosts_of_one_name_are_both_shown(states):
    states.publish(STATE, "web-4700-a")
    states.publish(STATE, "web-4700-b")
    assert states.all() == [STATE, STATE]


def test_a_host_that_is_not_heard_of_is_said_to_be_silent(states, client):
    states.publish(STATE, STATE.name)
    client.pexpire(keys.supervisor_key(STREAM, GROUP, STATE.name), 4_000)
    (state,) = states.all()
    assert state.state == "silent"
    assert state.consumers[0].last_insert_seconds == pytest.approx(9.2, abs=0.5)


def test_rights_that_do_not_tell_how_old_a_state_is_are_enough(states, client, redis_url):
    states.publish(STATE, STATE.name)
    client.acl_setuser("before", enabled=True, nopass=True, keys=["*"], commands=["+@all", "-pttl"])
    url = redis_url.replace("//", "//before:any@")
    try:
        with connect(url, timeout_seconds=30) as limited:
            assert WorkerStates(limited, url, STREAM, GROUP).all() == [STATE]
    finally:
        client.acl_deluser("before")


def test_what_a_later_version_says_besides_is_passed_over(states, client):
    states.publish(STATE, STATE.name)
    key = keys.supervisor_key(STREAM, GROUP, STATE.name)
    plain = orjson.loads(client.get(key))
    plain["consumers"][0]["mood"] = plain["weather"] = "fine"
    client.set(key, orjson.dumps(plain), keepttl=True)
    assert states.all() == [STATE]


def test_a_withdrawn_state_is_gone_at_once(states, client):
    states.publish(STATE, STATE.name)
    states.withdraw(STATE.name)
    assert states.all() == []
    assert client.keys("*supervisors*") == []


def test_who_was_killed_is_not_listed_and_is_forgotten(states, client):
    states.publish(STATE, STATE.name)
    client.delete(keys.supervisor_key(STREAM, GROUP, STATE.name))
    assert states.all() == []
    states.forget_gone()
    assert not client.exists(keys.supervisors_key(STREAM, GROUP))


def test_groups_do_not_see_each_other(states, client, redis_url):
    states.publish(STATE, STATE.name)
    assert WorkerStates(client, redis_url, STREAM, "others").all() == []


def test_an_absent_redis_is_unavailable(free_port):
    url = f"redis://127.0.0.1:{free_port()}"
    with connect(url, timeout_seconds=1) as client, pytest.raises(RedisUnavailable):
        WorkerStates(client, url, STREAM, GROUP).publish(STATE, STATE.name)
