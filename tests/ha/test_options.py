import pytest

from tests.ha.options import Asked, parse

SCENARIOS = {
    "kill": "kill -9 of the master",
    "planned": "SENTINEL FAILOVER",
    "paused": "CLIENT PAUSE",
    "shards": "grow",
}
FAILOVERS = ("kill", "planned", "paused")


def runs(*arguments):
    return parse(arguments, SCENARIOS, FAILOVERS, further=["paused"]).runs


def test_most_is_played_unless_told_otherwise_and_one_failover_in_every_way():
    assert runs() == (
        Asked("kill", "valkey", 1.0),
        Asked("planned", "valkey", 1.0),
        Asked("shards"),
        Asked("kill", "redis", 1.0),
        Asked("kill", "valkey", 30.0),
        Asked("kill", "valkey", 1.0, "replica"),
    )


def test_every_failover_is_played_in_every_way_if_told_so():
    played = runs("--all")
    assert len(played) == 3 * 4 + 1 + 3
    assert Asked("planned", "redis", 30.0) in played
    assert Asked("planned", "valkey", 1.0, "replica") in played


def test_some_can_be_chosen():
    chosen = ("--only", "kill, shards", "--store", "redis", "--down-after", "1,2.5")
    assert runs(*chosen) == (
        Asked("kill", "redis", 1.0),
        Asked("kill", "redis", 2.5),
        Asked("shards"),
    )
    assert runs("--only", "paused") == (Asked("paused", "valkey", 1.0),)
    confirmed = runs("--only", "planned", "--confirm", "master,replica")
    assert [one.confirm for one in confirmed] == ["master", "replica"]


def test_no_two_runs_write_the_same_files():
    labels = [asked.label for asked in runs("--all")]
    assert len(labels) == len(set(labels))
    assert "kill-valkey-1s" in labels
    assert "kill-valkey-1s-by-replica" in labels


@pytest.mark.parametrize(
    "arguments",
    [["--only", "flood"], ["--store", "kvrocks"], ["--rate", "0"], ["--down-after", ""]],
)
def test_what_can_not_be_understood_is_said(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        runs(*arguments)
    assert ended.value.code == 2
    assert arguments[0] in capsys.readouterr().err


def test_the_help_names_every_scenario(capsys):
    with pytest.raises(SystemExit):
        runs("--help")
    said = capsys.readouterr().out
    assert all(text in said for text in SCENARIOS.values())
