import pytest

from app.health.worker_status import WorkersState, WorkerStates
from app.stores.redis.client import connect
from tests.support.producers import STREAM, send_clicks
from tests.support.worker_processes import wait_until
from workers.supervisor.status_publisher import StatusPublisher

GROUP = "analytics-group"
STATE = WorkersState("web", 4700, "running", 1, None, None, ())


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr("workers.supervisor.status_publisher.PUBLISH_SECONDS", 0.05)


@pytest.fixture
def open_publisher(make_settings):
    opened = []

    def open_one(url):
        opened.append(StatusPublisher(make_settings(redis_url=url, redis_timeout_seconds=1.0)))
        return opened[-1]

    yield open_one
    for publisher in opened:
        publisher.close()


def states(url: str) -> list[WorkersState]:
    with connect(url, timeout_seconds=30) as client:
        return WorkerStates(client, url, STREAM, GROUP).all()


def test_a_posted_state_is_shown_and_withdrawn_at_the_end(open_publisher, redis_url):
    publisher = open_publisher(redis_url)
    publisher.post(STATE)
    wait_until(lambda: states(redis_url) == [STATE])
    publisher.close()
    assert states(redis_url) == []


def test_the_backlog_of_the_group_is_told(open_publisher, redis_url, redis):
    publisher = open_publisher(redis_url)
    redis.xgroup_create(STREAM, GROUP, "0", mkstream=True)
    send_clicks(redis_url, 5)
    wait_until(lambda: publisher.backlog and publisher.backlog.unread == 5)


def test_without_a_group_nothing_is_known(open_publisher, redis_url):
    publisher = open_publisher(redis_url)
    publisher.post(STATE)
    wait_until(lambda: states(redis_url) == [STATE])
    assert publisher.backlog is None


def test_an_absent_redis_is_said_once_and_waited_for(open_publisher, valkey_server, caplog):
    server = valkey_server()
    publisher = open_publisher(server.url)
    publisher.post(STATE)
    wait_until(lambda: states(server.url) == [STATE])
    server.stop()
    wait_until(lambda: "can't be kept up to date" in caplog.text)
    assert publisher.backlog is None
    server.start()
    wait_until(lambda: states(server.url) == [STATE])
    assert caplog.text.count("can't be kept up to date") == 1
