"""`make chaos` in small: everything breaks for some seconds, and every click counts once."""

import shutil

import pytest

from tests.conftest import missing
from tests.support.servers import redis_server_7
from tests.support.tools import run_tool

#: A minute on a machine that does nothing else.
RUN_SECONDS = 500


@pytest.fixture
def chaos(tmp_path, shared_clickhouse):
    """A function that runs chaos as `make chaos` does, and returns exit code, figures and output.

    The shared store is only asked for so that the embedded ClickHouse is fetched before.
    """

    for program in ("nginx", "caddy"):
        _ = shutil.which(program) or missing(program)

    def run(*arguments):
        return run_tool("tests.chaos", tmp_path, *arguments, seconds=RUN_SECONDS)

    return run


@pytest.mark.timeout(RUN_SECONDS + 60)
@pytest.mark.parametrize(("store", "seed", "shards"), [("valkey", 1, 1), ("redis7", 2, 4)])
def test_every_promise_is_kept_whatever_breaks(chaos, store, seed, shards):
    if store == "redis7" and redis_server_7() is None:
        pytest.fail("redis-server is missing (Debian: apt install redis-server)")
    options = ("--store", store, "--seed", seed, "--seconds", 30, "--every", 0.7, "--rate", 150)
    # A machine that runs other tests as well makes visitors wait for it.
    more = ("--settle", 120, "--lenient", "--shards", shards)
    exit_code, figures, output = chaos(*options, *more)
    assert (figures["lost"], figures["doubled"], figures["unknown"]) == (0, 0, 0), output
    assert (figures["stale"], figures["overused"], figures["complaints"]) == ([], {}, []), output
    assert exit_code == 0, output
    assert figures["answered"] > 1000
    assert set(figures["doors"]) == {"direct", "nginx", "caddy"}
    assert len(figures["faults"]) >= 12
    assert len(figures["overlaps"]) >= 10
    assert figures["audit"]["is_balanced"]
    assert figures["audit"]["sees_a_planted_loss"]


#: What a consumer has to survive that ours does; the plan of this seed lets some overlap.
NAIVE_KINDS = (
    "workers killed whole",
    "consumer killed",
    "clickhouse hung",
    "workers to clickhouse: stalled",
    "workers to clickhouse: reply cut",
    "redis lost its last second",
)


@pytest.mark.timeout(RUN_SECONDS + 60)
def test_naive_workers_lose_or_double_clicks_and_the_run_says_so(chaos):
    exit_code, figures, output = chaos(
        *("--workers", "tests.chaos.naive", "--only", ",".join(NAIVE_KINDS)),
        *("--seed", 5, "--seconds", 30, "--every", 0.8, "--rate", 150, "--settle", 8, "--lenient"),
    )
    assert exit_code == 1
    # Which is up to the machine: what they lost, they read again once Redis forgets the group.
    assert figures["lost"] + figures["doubled"] > 0, output
    # What comes too late for the account may be in the reports, which are asked after it.
    assert figures["misreported"] or not figures["doubled"], output
    assert "FAILED" in output
