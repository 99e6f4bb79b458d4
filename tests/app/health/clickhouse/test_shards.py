"""What doctor says of shards, by what their hosts say."""

from app.health.clickhouse.replicas import ReplicaState, judge_replicas
from app.health.clickhouse.shards import judge_shards, shard_checks
from app.schema.layout import Layout
from app.schema.membership import Macros

TWO = Layout(("01", "02"))
NAMES = ["01", "02"]


def test_hosts_that_part_clicks_alike_are_well():
    check = judge_shards({"a": TWO, "b": TWO}, NAMES, 0)
    assert (check.state, check.text) == ("ok", "clicks are parted between 01, 02")


def test_a_shard_of_which_no_host_answers_is_a_failure():
    (check,) = shard_checks([], {"a": Macros(1, "01", "a")}, 2)
    assert check.state == "fail"
    assert check.text.endswith("no host of shard 2 answers")


def test_tables_of_one_shard_need_a_migration():
    check = judge_shards({"a": None, "b": None}, NAMES, 0)
    assert (check.state, check.mend) == ("fail", "run `hopline migrate`")
    assert check.text == "our tables are those of one shard, not of 2"


def test_a_host_that_parts_clicks_in_another_way_is_named():
    grown = Layout(("01",)).grown(("01", "02"), 5)
    check = judge_shards({"a": TWO, "b": grown}, NAMES, 0)
    assert (check.state, check.mend) == ("fail", "run `hopline migrate`")
    assert check.text.startswith("clicks are parted in another way by b:")


def test_a_shard_without_clicks_is_named():
    check = judge_shards({"a": TWO}, [*NAMES, "03"], 0)
    assert (check.state, check.text) == ("fail", "no clicks go to 03")


def test_shards_in_another_order_or_gone_are_a_failure():
    for names in (["02", "01"], ["01"]):
        check = judge_shards({"a": TWO}, names, 0)
        assert (check.state, "have those shards first" in check.mend) == ("fail", True)


def test_clicks_on_a_shard_where_they_do_not_belong_are_counted():
    check = judge_shards({"a": TWO}, NAMES, 3)
    assert (check.state, check.mend) == ("fail", "run `hopline migrate`")
    assert check.text.startswith("3 clicks of the last hour")


def test_a_path_for_each_shard_is_no_fault():
    well = ReplicaState("clicks_local", "/01", False, False, "", 0, 0, 0)
    states = {"a:1": [well], "b:1": [well._replace(path="/02", shard=2)]}
    assert judge_replicas(states, [], {"clicks_local"}).state == "ok"
    states["c:1"] = [well._replace(path="/03", shard=2)]
    assert judge_replicas(states, [], {"clicks_local"}).text.startswith("clicks_local: the hosts")
    everywhere = {
        place: [state._replace(table="migrations") for state in found]
        for place, found in states.items()
    }
    assert judge_replicas(everywhere, [], {"migrations"}).state == "fail"
