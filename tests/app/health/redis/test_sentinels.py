"""Real Sentinels, and what is wrong with them."""

import signal

import pytest
from redis import Redis

from app.health.redis.sentinel_view import SentinelView
from app.health.redis.sentinels import (
    judge_answers,
    judge_down_after,
    judge_places,
    judge_quorum,
    judge_replicas,
    judge_watch,
    sentinel_checks,
)
from app.stores.redis.sentinel import Answer
from tests.support.redirect.waiting import wait_until
from tests.support.sentinels import MASTER

NAMES = [
    "sentinels",
    "sentinel quorum",
    "sentinel watch",
    "sentinel patience",
    "sentinel replicas",
    "sentinel addresses",
    "next master",
]
REPLICA = {
    "ip": "10.0.0.2",
    "port": "6379",
    "flags": "slave",
    "master-link-status": "ok",
    "slave-priority": "100",
}
STATE = {
    "ip": "10.0.0.1",
    "port": "6379",
    "flags": "master",
    "num-other-sentinels": "2",
    "quorum": "2",
    "down-after-milliseconds": "5000",
}


def view(number=1, objection="", replicas=(REPLICA, {**REPLICA, "ip": "10.0.0.3"}), **state):
    """Return what a Sentinel says that is well, but for the fields that are given."""
    changed = {name.replace("_", "-"): value for name, value in state.items()}
    answer = Answer((f"10.0.0.{number}", 26379), ("10.0.0.1", 6379))
    return SentinelView(answer, {**STATE, **changed}, tuple(replicas), objection)


def silent(why, number=1):
    return SentinelView(Answer((f"10.0.0.{number}", 26379), None, why))


def three(**state):
    return [view(number, **state) for number in (1, 2, 3)]


def look(url):
    return {check.name: check for check in sentinel_checks(url)}


def assert_found(check, state, words, mend):
    assert check.state == state, check
    assert words in check.text
    assert mend in check.mend


def test_an_address_without_sentinels_has_none_to_look_at():
    assert look("redis://127.0.0.1:6379/0") == {}


def test_sentinels_that_are_well(watched):
    found = look(watched.url)
    assert list(found) == NAMES
    assert {check.state for check in found.values()} == {"ok"}, found


def test_one_that_is_away_is_named(watched):
    watched.sentinels[2].kill()
    found = look(watched.url)["sentinels"]
    assert_found(found, "warn", f":{watched.sentinels[2].port} can't be asked", "start it")
    assert "2 of 3 agree" in found.text
    watched.sentinels[1].signal(signal.SIGSTOP)
    found = look(watched.url)["sentinels"]
    assert_found(found, "fail", "1 of 3 Sentinels name a master, 2 have to", "paused or busy")
    watched.sentinels[1].signal(signal.SIGCONT)


def test_a_redis_in_place_of_one_and_an_unknown_master(watched):
    port = watched.sentinels[0].port
    url = watched.url.replace(str(port), str(watched.stores[0].port))
    assert_found(look(url)["sentinels"], "warn", "is no Sentinel but a Redis", "26379")
    url = watched.url.replace(f"/{MASTER}/", "/other/")
    assert_found(look(url)["sentinels"], "fail", "knows no master other", "SENTINEL MASTERS")


def test_one_that_does_not_let_us_in(watched):
    with Redis(port=watched.sentinels[0].port) as operator:
        operator.execute_command("ACL", "SETUSER", "default", "resetpass", ">secret")
        wrong = look(f"{watched.url}?sentinel_username=nobody&sentinel_password=x")["sentinels"]
        assert_found(wrong, "fail", "can't be asked", "sentinel_username=")
        assert_found(look(watched.url)["sentinels"], "warn", "can't be asked", "sentinel_username=")
        operator.execute_command(
            *("ACL", "SETUSER", "default", "nopass", "-@all", "+ping", "+acl", "+hello", "+client")
        )
        assert_found(look(watched.url)["sentinels"], "warn", "no permissions", "sentinel.conf")


def test_one_that_names_another_master(watched):
    with Redis(port=watched.sentinels[0].port) as operator:
        operator.sentinel_remove(MASTER)
        operator.sentinel_monitor(MASTER, "127.0.0.1", watched.stores[1].port, 2)
    found = look(watched.url)["sentinels"]
    assert_found(found, "warn", f"names 127.0.0.1:{watched.stores[1].port}", "SENTINEL RESET")


def test_a_url_that_leaves_one_out(watched):
    with_two = watched.url.replace(f",127.0.0.1:{watched.sentinels[2].port}", "")
    found = look(with_two)["sentinel quorum"]
    assert_found(found, "warn", "know of 3, and HOPLINE_REDIS_URL names 2", "name every one")


def test_what_is_set_too_low_or_too_long(watched):
    for sentinel in watched.sentinels:
        with Redis(port=sentinel.port) as operator:
            operator.sentinel_set(MASTER, "quorum", 1)
            operator.sentinel_set(MASTER, "down-after-milliseconds", 60_000)
    found = look(watched.url)
    assert_found(found["sentinel quorum"], "warn", "the quorum is 1 of 3", "quorum 2")
    assert_found(found["sentinel patience"], "warn", "after 60 s", "down-after-milliseconds 5000")
    with Redis(port=watched.sentinels[0].port) as operator:
        operator.sentinel_set(MASTER, "quorum", 4)
    found = look(watched.url)["sentinel quorum"]
    assert_found(found, "fail", "could promote nobody", "find each other")


def test_a_replica_that_is_gone_or_may_not_be_promoted(watched):
    watched.stores[2].kill()
    gone = f"127.0.0.1:{watched.stores[2].port} could not be promoted"
    wait_until(lambda: look(watched.url)["sentinel replicas"].state == "warn")
    assert_found(look(watched.url)["sentinel replicas"], "warn", gone, "SENTINEL RESET")


def test_a_replica_that_does_not_let_us_in(watched):
    with Redis(port=watched.stores[1].port) as operator:
        operator.config_set("requirepass", "another")
    found = look(watched.url)["next master"]
    assert_found(found, "warn", f":{watched.stores[1].port} does not let us in", "password")


def test_the_master_is_called_gone(watched):
    for store in watched.stores[1:]:
        with Redis(port=store.port) as operator:
            operator.config_set("replica-priority", 0)
    for store in watched.stores:
        store.signal(signal.SIGSTOP)
    wait_until(lambda: look(watched.url)["sentinel watch"].state == "fail")
    found = look(watched.url)
    assert_found(found["sentinel watch"], "fail", "call the master gone", "log")
    assert found["sentinel replicas"].state == "fail"
    for store in watched.stores:
        store.signal(signal.SIGCONT)


@pytest.mark.parametrize(
    ("views", "state", "words"),
    [
        (three(), "ok", "2 of 3"),
        (three()[:2], "warn", "know of 3, and HOPLINE_REDIS_URL names 2"),
        ([view(number, num_other_sentinels="1") for number in (1, 2)], "warn", "none may go"),
        ([view(1), view(2), view(3, quorum="3")], "warn", "quorum is 2 and 3"),
        ([view(1, objection="NOQUORUM"), view(2), view(3)], "fail", "NOQUORUM"),
    ],
)
def test_a_quorum_is_judged(views, state, words):
    check = judge_quorum(views, len(views))
    assert (check.state, bool(check.mend)) == (state, state != "ok")
    assert words in check.text


@pytest.mark.parametrize(
    ("flags", "state", "words"),
    [
        ("master", "ok", "each reaches"),
        ("s_down,master", "warn", "does not reach the master: s_down"),
        ("s_down,o_down,master,disconnected", "fail", "call the master gone"),
        ("master,failover_in_progress", "warn", "being promoted"),
    ],
)
def test_how_the_master_is_seen_is_judged(flags, state, words):
    check = judge_watch([view(1, flags=flags), view(2), view(3)])
    assert check.state == state
    assert words in check.text


@pytest.mark.parametrize(
    ("milliseconds", "state"),
    [("100", "warn"), ("500", "ok"), ("1000", "ok"), ("30000", "ok"), ("30001", "warn")],
)
def test_a_down_after_is_judged(milliseconds, state):
    assert judge_down_after(three(down_after_milliseconds=milliseconds)).state == state


def test_different_patience_is_judged():
    views = [view(1), view(2, down_after_milliseconds="30000")]
    assert judge_down_after(views).text.endswith("after 5 s or 30 s")


@pytest.mark.parametrize(
    ("replicas", "state", "words"),
    [
        ([], "fail", "no replica"),
        ([REPLICA], "warn", "with one replica"),
        ([REPLICA, {**REPLICA, "flags": "s_down,slave"}], "warn", "10.0.0.2:6379 could not"),
        ([REPLICA, {**REPLICA, "slave-priority": "0"}], "warn", "could not be promoted"),
        ([{**REPLICA, "master-link-status": "err"}], "fail", "none of 1 replicas"),
        ([REPLICA, REPLICA], "ok", "2 that could"),
    ],
)
def test_replicas_are_judged(replicas, state, words):
    check = judge_replicas([view(1, replicas=replicas)])
    assert check.state == state
    assert words in check.text


@pytest.mark.parametrize(
    ("place", "state", "words"),
    [
        ("10.0.0.2", "ok", "10.0.0.2:6379"),
        ("127.0.0.1", "fail", "127.0.0.1:6379, which is another machine"),
        ("::1", "fail", "another machine"),
        ("localhost", "fail", "another machine"),
        ("nowhere.invalid", "fail", "knows where nowhere.invalid is"),
    ],
)
def test_where_servers_are_said_to_be_is_judged(place, state, words):
    check = judge_places([view(1, replicas=[{**REPLICA, "ip": place}])])
    assert check.state == state
    assert words in check.text


def test_two_that_disagree_and_one_that_is_cut_off():
    other = SentinelView(Answer(("10.0.0.2", 26379), ("10.0.0.9", 6379)))
    assert "disagree" in judge_answers([view(1), other]).text
    check = judge_answers([view(1), view(2), silent("doesn't answer", 3)])
    assert (check.state, check.text) == ("warn", "2 of 3 agree; 10.0.0.3:26379 doesn't answer")
