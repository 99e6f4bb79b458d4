import pytest

from app.health.clickhouse.replicas import ReplicaState, judge_keeper, judge_replicas
from app.health.clickhouse.server import clickhouse_checks
from app.schema.migrations import migrate
from app.stores.clickhouse.connection import connect, of_cluster
from app.stores.clickhouse.hosts import at_place
from tests.support.redirect.waiting import wait_until

NAMES = {"clickhouse macros", "clickhouse keeper", "clickhouse replicas"}
WELL = ReplicaState("clicks", "/clicks", False, False, "", 0, 0, 0)


def look(url):
    found = clickhouse_checks(url, timeout_seconds=30, ttl_days=0)
    return {check.name: check for check in found}


@pytest.fixture
def url(replicas_url):
    migrate(replicas_url, timeout_seconds=20, ttl_days=0)
    return replicas_url


def test_replicas_that_are_well_are_said_to_be(url):
    found = look(url)
    assert {check.state for check in found.values()} == {"ok"}
    assert found.keys() >= NAMES
    assert "clickhouse hosts" not in found


def test_a_replica_that_is_away_is_a_worry(shared_replicas, url):
    second = shared_replicas.replicas[1]
    second.kill()
    check = look(url)["clickhouse replicas"]
    assert check.state == "warn"
    assert f"ClickHouse at 127.0.0.1:{second.port} is away" in check.text


def test_keeper_away_is_a_failure_that_names_it(shared_replicas, url):
    shared_replicas.keeper.kill()
    seen = []

    def is_noticed():
        seen.append(look(url))
        return {seen[-1][f"clickhouse {name}"].state for name in ("keeper", "inserts")} == {"fail"}

    wait_until(is_noticed)
    assert "replicas can't reach Keeper" in seen[-1]["clickhouse keeper"].text
    assert seen[-1]["clickhouse reports"].state == "ok"


def test_a_host_without_the_tables_needs_a_migration(shared_replicas, url):
    first, second = shared_replicas.replicas
    with connect(at_place(url, f"127.0.0.1:{second.port}"), timeout_seconds=30) as client:
        client.execute("DROP TABLE beginnings SYNC")
    found = look(at_place(url, f"127.0.0.1:{first.port}"))["clickhouse replicas"]
    assert (found.state, found.mend) == ("fail", "run `hopline migrate`")
    assert found.text == f"127.0.0.1:{second.port} has no replica of beginnings"


def test_an_unknown_cluster_is_a_failure(url):
    found = look(of_cluster(url.partition("?")[0], "hob", "0"))["clickhouse cluster"]
    assert (found.state, "it knows hop" in found.text) == ("fail", True)


def test_a_replica_that_lags_is_a_worry():
    states = {"a:1": [WELL], "b:1": [WELL._replace(behind_seconds=90, queued=3)]}
    check = judge_replicas(states, [], {"clicks"})
    assert (check.state, check.text) == ("warn", "clicks of b:1 is 90 s behind, with 3 steps to go")


@pytest.mark.parametrize(
    ("worse", "words"),
    [
        ({"is_readonly": True}, "clicks of b:1 is read-only"),
        ({"lost_parts": 2}, "clicks of b:1 has lost 2 parts"),
        ({"queued": 2_000}, "2000 steps to go"),
    ],
)
def test_what_a_replica_says_of_itself_is_told(worse, words):
    states = {"a:1": [WELL], "b:1": [WELL._replace(**worse)]}
    assert words in judge_replicas(states, [], {"clicks"}).text


def test_hosts_whose_tables_have_other_paths_are_no_replicas():
    states = {"a:1": [WELL], "b:1": [WELL._replace(path="/other")]}
    check = judge_replicas(states, [], {"clicks"})
    assert check.state == "fail"
    assert check.text.startswith("clicks: the hosts are no replicas of each other")


def test_a_session_that_expired_is_a_failure():
    check = judge_keeper({"a:1": [WELL, WELL._replace(is_session_expired=True)]})
    assert (check.state, "a:1: its session has expired" in check.text) == ("fail", True)
