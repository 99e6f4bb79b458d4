import pytest

from app.schema.migrations import migrate
from app.stores.clickhouse.connection import connect
from tests.ha.accounts.recording import Gap
from tests.ha.monitors.inserts import Inserts
from tests.support.worker_processes import wait_until


def seen(*at_ms):
    inserts = Inserts([])
    inserts.at_ms += at_ms
    return inserts


def test_a_pause_lasts_from_the_last_rows_before_a_blow_to_the_next():
    inserts = seen(1_000, 1_200, 1_400, 2_100, 2_300)
    assert inserts.pause(1_500, 2_400) == Gap(1_400, 2_100)
    assert inserts.pause(2_150, 2_400) == Gap(2_100, 2_300)


def test_what_never_goes_on_pauses_until_the_end():
    assert seen(1_000, 1_200).pause(1_300, 4_000) == Gap(1_200, 4_000)
    assert seen().pause(1_300, 4_000) == Gap(1_300, 4_000)


@pytest.fixture
def server(clickhouse_server):
    started = clickhouse_server()
    migrate(started.url("hopline"), timeout_seconds=30, ttl_days=0)
    return started


def test_rows_are_seen_to_arrive_by_whichever_replica_answers(server, free_port):
    with Inserts([free_port(), server.port]) as inserts:
        wait_until(lambda: len(inserts.at_ms) == 1)
        with connect(server.url("hopline"), timeout_seconds=10) as client:
            client.execute("INSERT INTO clicks (click_id, time) VALUES", [(b"0" * 16, 0)])
        wait_until(lambda: len(inserts.at_ms) == 2)
        server.restart()
        wait_until(lambda: inserts.is_answered)
    assert len(inserts.at_ms) == 2
