import shlex

import pytest

from tests.chaos.faults.table import FAULTS
from tests.chaos.options import parse


def test_the_seed_is_a_new_one_unless_given():
    assert parse(["--seed", "5"]).seed == 5
    assert parse([]).seed != parse([]).seed


@pytest.mark.parametrize(
    "more",
    [
        ("--only", "redis killed,clock back"),
        ("--shards", "4"),
        ("--throughout", "redis out of memory for long", "--maxlen", "5000", "--settle", "300"),
        ("--only", ",".join(name for name in FAULTS if name != "redis killed"), "--lenient"),
    ],
)
def test_the_command_repeats_the_run(more):
    options = parse(["--seed", "5", "--seconds", "30", *more])
    words = shlex.split(options.command)
    assert words[:2] == ["make", "chaos"]
    settings = dict(word.split("=", 1) for word in words[2:])
    again = parse(
        [
            *("--seconds", settings["CHAOS_SECONDS"], "--seed", settings["CHAOS_SEED"]),
            *("--store", settings["CHAOS_STORE"], *shlex.split(settings["ARGS"])),
        ]
    )
    assert again == options


def test_all_kinds_are_meant_unless_some_are_named():
    assert parse([]).kinds == tuple(FAULTS)
    assert "--only" not in parse([]).command


@pytest.mark.parametrize(
    "wrong", [["--only", "redis sneezed"], ["--seconds", "0"], ["--store", "disque"]]
)
def test_wrong_usage_exits_with_2(wrong, capsys):
    with pytest.raises(SystemExit) as stopped:
        parse(wrong)
    assert stopped.value.code == 2
    assert "usage: python -m tests.chaos" in capsys.readouterr().err
