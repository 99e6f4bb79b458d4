"""`make ha` in small: what clicks stand on is killed, and every click counts once.

Hosts that are restarted one by one, to grow, to shrink and to upgrade, have tests of their own:
test_shards.py and test_mixed_versions.py.
"""

import pytest

from tests.support.tools import run_tool

RUN_SECONDS = 500
#: One that can't be played to its end is played again.
pytestmark = pytest.mark.timeout(2 * RUN_SECONDS + 60)
#: The rest is as good as the machine's time; all is mostly processed in a few seconds.
OPTIONS = ("--rate", 100, "--warm", 1, "--calm", 1, "--settle", 200, "--lenient")


#: Longer than a busy machine keeps a server that is well from answering.
PATIENT = ("--down-after", 3)


@pytest.fixture
def ha(tmp_path, shared_clickhouse):
    """A function that plays scenarios as `make ha` does; returns exit code, figures and output.

    The shared store is only asked for so that the embedded ClickHouse is fetched before.
    """

    def play(*arguments):
        for _ in range(2):
            code, figures, output = run_tool(
                "tests.ha", tmp_path, *OPTIONS, *arguments, seconds=RUN_SECONDS
            )
            # One that could not be played to its end, as servers start late beside others, says
            # nothing of clicks.
            if not any("error" in run for run in figures["runs"]):
                break
        assert not any("error" in run for run in figures["runs"]), output
        return code, figures["runs"], output

    return play


def test_a_killed_master_costs_no_click(ha, tmp_path):
    exit_code, (run,), output = ha("--only", "kill", "--store", "valkey", *PATIENT)
    found = {one["name"]: one["found"] for one in run["targets"] if not one["is_time"]}
    assert set(found.values()) == {0}, output
    assert exit_code == 0, output
    assert len(run["promotions"]) == 1
    assert run["counted"] > 500
    assert run["links_disabled"] > 3
    assert (tmp_path / run["picture"]).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("arguments", [("kill", "--confirm", "replica", *PATIENT), ("replica",)])
def test_neither_a_replica_that_confirms_nor_one_that_is_killed_costs_a_click(
    ha, zookeeper_classes, arguments
):
    exit_code, (run,), output = ha("--only", *arguments)
    found = {one["name"]: one["found"] for one in run["targets"] if not one["is_time"]}
    assert set(found.values()) == {0}, output
    assert (exit_code, run["verdict"]) == (0, "passed"), output
    assert run["counted"] > 200
