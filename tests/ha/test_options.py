import pytest

from tests.ha.options import parse
from tests.ha.scenarios.scenario import SCENARIOS


def test_all_is_played_unless_told_otherwise():
    options = parse([])
    assert options.scenarios == tuple(SCENARIOS)
    assert options.stores == ("valkey", "redis")
    assert options.down_after_seconds == (1.0, 30.0)


def test_some_can_be_chosen():
    options = parse(["--only", "kill, freeze", "--store", "redis", "--down-after", "1,2.5"])
    assert options.scenarios == ("kill", "freeze")
    assert options.stores == ("redis",)
    assert options.down_after_seconds == (1.0, 2.5)


@pytest.mark.parametrize(
    "arguments",
    [["--only", "flood"], ["--store", "kvrocks"], ["--rate", "0"], ["--down-after", ""]],
)
def test_what_can_not_be_understood_is_said(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        parse(arguments)
    assert ended.value.code == 2
    assert arguments[0] in capsys.readouterr().err


def test_the_help_names_every_scenario(capsys):
    with pytest.raises(SystemExit):
        parse(["--help"])
    said = capsys.readouterr().out
    assert all(scenario.text in said for scenario in SCENARIOS.values())
