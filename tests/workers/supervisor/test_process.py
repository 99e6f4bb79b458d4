import pytest

from workers.supervisor.process import how_it_ended


@pytest.mark.parametrize(
    ("exit_code", "words"),
    [
        (0, "ended"),
        (1, "died with exit code 1"),
        (3, "could not begin"),
        (4, "ended, for others had taken it for dead"),
        (-9, "was killed with SIGKILL, perhaps out of memory"),
        (-15, "was killed with SIGTERM"),
    ],
)
def test_an_end_is_put_into_words(exit_code, words):
    assert how_it_ended(exit_code, was_killed_by_us=False) == words


def test_whom_we_killed_did_not_run_out_of_memory():
    assert how_it_ended(-9, was_killed_by_us=True) == "was killed by its supervisor"
