import pytest

from loadtest.bench.machine.placement import Placement, TooFewCores, pinned, place


@pytest.mark.parametrize(
    ("cores", "server_cores", "expected"),
    [
        pytest.param([0, 1], 1, Placement((0,), (1,), (1,)), id="redis shares with the load"),
        pytest.param([0, 1, 2], 1, Placement((0,), (1,), (2,)), id="a core each"),
        pytest.param([4, 5, 6, 7], 2, Placement((4, 5), (6,), (7,)), id="two workers"),
        pytest.param([0, 1, 2, 3, 4, 5], 2, Placement((0, 1), (2,), (3, 4)), id="two for the load"),
    ],
)
def test_the_server_has_cores_of_its_own(cores, server_cores, expected):
    assert place(cores, server_cores) == expected
    assert expected.server_is_alone


def test_two_workers_on_two_cores_share_with_the_load():
    assert not place([0, 1], server_cores=2).server_is_alone


def test_one_core_is_refused():
    with pytest.raises(TooFewCores, match="1 core"):
        place([3])


def test_a_command_is_pinned_before_it_starts():
    assert pinned(["wrk", "-t1"], (1, 3)) == ["taskset", "--cpu-list", "1,3", "wrk", "-t1"]
