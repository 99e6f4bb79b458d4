"""Table of the scenarios that there are, by name."""

from itertools import chain

from tests.ha.scenarios import cluster, failovers, replicas, shards, upgrade

_MODULES = (failovers, replicas, shards, upgrade, cluster)

SCENARIOS = {
    scenario.name: scenario
    for scenario in chain.from_iterable(module.SCENARIOS for module in _MODULES)
}
