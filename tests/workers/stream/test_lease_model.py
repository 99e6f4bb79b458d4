"""Two consumers and their zombies, in orders that chance picks, many steps long."""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.support.workers.lease_model import Consumers
from workers.stream.lease import Fence


def run(server, metrics, examples, phases=tuple(Phase)):
    machine = type("OnThisServer", (Consumers,), {"server_url": server.url, "metrics": metrics})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            database=None,
            phases=phases,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_no_interleaving_of_consumers_and_zombies_loses_or_doubles(any_redis_server, metrics):
    run(any_redis_server(), metrics, 200)


def begins_without_a_lease(monkeypatch):
    make = Fence.__init__

    def make_flawed(fence, *args):
        make(fence, *args)
        fence._begin = fence._begin.replace("not redis.call('ZSCORE', KEYS[1], ARGV[1])", "false")

    monkeypatch.setattr(Fence, "__init__", make_flawed)


def forgets_the_batches_of_the_dead(monkeypatch):
    monkeypatch.setattr(Fence, "unfinished", lambda _: None)


@pytest.mark.parametrize("flaw", [begins_without_a_lease, forgets_the_batches_of_the_dead])
def test_the_model_notices_a_flaw(valkey_server, metrics, monkeypatch, flaw):
    flaw(monkeypatch)
    with pytest.raises(AssertionError, match="a click is stored twice"):
        run(valkey_server(), metrics, 2000, phases=[Phase.generate])
