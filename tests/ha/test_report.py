import pytest

from tests.ha.options import Asked
from tests.ha.report import broken_off, conclusion, exit_code, label


@pytest.mark.parametrize(
    ("verdicts", "said", "code"),
    [
        (["passed", "passed"], "2 of 2 passed", 0),
        (["passed", "void"], "1 of 2 passed, 1 void: the machine had too much else to do", 3),
        (["FAILED", "void", "passed"], "1 FAILED: kill", 1),
    ],
)
def test_a_void_run_is_told_apart_from_a_broken_one(verdicts, said, code):
    runs = [{"verdict": verdict, "scenario": "kill"} for verdict in verdicts]
    assert said in conclusion(runs)
    assert exit_code(runs) == code


def test_a_run_is_called_by_what_was_played_on_what():
    said = {
        "text": "kill -9 of the master",
        "server": "Valkey 9.1.2",
        "down_after_seconds": 1.0,
        "confirm": "replica",
    }
    expected = "kill -9 of the master · Valkey 9.1.2 · down after 1 s · confirmed by a replica"
    assert label(said) == expected
    without = {**said, "down_after_seconds": None, "confirm": "master"}
    assert label(without) == "kill -9 of the master · Valkey 9.1.2"


def test_a_run_that_breaks_off_has_failed_and_says_why():
    run = broken_off(Asked("upgrade"), TimeoutError("host2 does not redirect"))
    assert (run["scenario"], run["error"]) == ("upgrade", "TimeoutError: host2 does not redirect")
    assert exit_code([run]) == 1
