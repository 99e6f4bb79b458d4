import time
from typing import Any

import pytest
from redis import Redis

from app.health.check import Check
from app.health.redis.replication import judge_replication, replication_checks
from app.stores.redis.client import connect

MASTER = {"role": "master", "connected_slaves": 0}
REPLICA = {"ip": "10.0.0.2", "port": 6379, "state": "online", "offset": 1, "lag": 0}
GUARDED = {**MASTER, "min_slaves_good_slaves": 1, "slave0": REPLICA}
CONFIG = {"min-replicas-to-write": "1", "min-replicas-max-lag": "2"}


@pytest.mark.parametrize(
    ("info", "config", "state", "words"),
    [
        (MASTER, {}, "ok", "without replicas"),
        (GUARDED, CONFIG, "ok", "1 replicas"),
        (GUARDED, {}, "ok", "1 replicas"),
        ({**MASTER, "slave0": REPLICA}, {}, "warn", "that are lost"),
        ({**GUARDED, "slave0": {**REPLICA, "state": "wait_bgsave"}}, CONFIG, "warn", "not online"),
        ({**GUARDED, "slave0": {**REPLICA, "lag": 9}}, CONFIG, "warn", "9 s behind"),
        (GUARDED, {**CONFIG, "min-replicas-max-lag": "10"}, "warn", "for 10 s"),
        ({**MASTER, "min_slaves_good_slaves": 0}, CONFIG, "fail", "NOREPLICAS"),
        (
            {"role": "slave", "master_host": "m", "master_port": 1, "master_link_status": "up"},
            {},
            "fail",
            "a replica of m:1:",
        ),
        (
            {"role": "slave", "master_host": "m", "master_port": 1, "master_link_status": "down"},
            {},
            "fail",
            "link to that is down",
        ),
    ],
)
def test_replication_is_judged(
    info: dict[str, Any], config: dict[str, str], state: str, words: str
) -> None:
    check = judge_replication(info, config, 4.0)
    assert (check.state, bool(check.mend)) == (state, state != "ok")
    assert words in check.text


def test_a_master_of_a_cluster_that_is_cut_off_stops_by_itself() -> None:
    info = {**MASTER, "slave0": REPLICA}
    assert judge_replication(info, {}, 4.0, alone_seconds=2.0).state == "ok"
    check = judge_replication(info, {}, 4.0, alone_seconds=5.0)
    assert (check.state, check.mend) == (
        "warn",
        "set HOPLINE_RESEND_SECONDS to 7 or lower the other",
    )


def test_real_servers_are_judged(any_redis_server) -> None:
    first, second = any_redis_server(), any_redis_server()
    with (
        Redis(port=first.port) as master,
        Redis(port=second.port) as replica,
    ):
        assert look(first).text == "a master without replicas"
        replica.replicaof("127.0.0.1", first.port)
        wait_for(first, "warn", "that are lost")
        assert look(second).state == "fail"
        master.config_set("min-replicas-to-write", 1)
        master.config_set("min-replicas-max-lag", 2)
        wait_for(first, "ok", "1 replicas")
        replica.replicaof("NO", "ONE")
        wait_for(first, "fail", "NOREPLICAS")


def test_clicks_that_a_replica_has_to_confirm_need_one(any_redis_server) -> None:
    first, second = any_redis_server(), any_redis_server()

    def confirmation(server=first) -> list[Check]:
        with connect(server.url, timeout_seconds=30) as client:
            _, *found = replication_checks(client, server.url, 4.0, needs_replica=True)
        return found

    (alone,) = confirmation()
    assert alone.state == "fail"
    assert "HOPLINE_CONFIRM=replica" in alone.text
    assert "HOPLINE_CONFIRM=master" in alone.mend
    with Redis(port=second.port) as replica:
        replica.replicaof("127.0.0.1", first.port)
        wait_for(first, "warn", "takes writes without them")
        assert [one.text for one in confirmation()] == ["by any of 1 replicas"]
        assert confirmation(second) == []


def look(server) -> Check:
    with connect(server.url, timeout_seconds=30) as client:
        (check,) = replication_checks(client, server.url, 4.0)
    return check


def wait_for(server, state: str, words: str) -> None:
    deadline = time.monotonic() + 60
    while (check := look(server)).state != state or words not in check.text:
        assert time.monotonic() < deadline, check
        time.sleep(0.1)
