"""Scenario in which three hosts go from one version to the next, one after the other."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.ha.options import Asked, Options
from tests.ha.scenarios.scenario import Scenario
from tests.ha.stage import Stage
from tests.ha.testbed.clickhouse_side import OneClickHouse
from tests.ha.testbed.redis_side import OneRedis
from tests.ha.testbed.testbed import Testbed
from tests.support.hosts import REPOSITORY, Release
from tests.support.network import Network
from tests.support.servers import store_binary

_HOSTS = 3


@contextmanager
def _set_up(folder: Path, asked: Asked, _: Options) -> Iterator[Testbed]:
    folder.mkdir(parents=True)
    before = Release.before(folder / "before")
    with Network(folder, _HOSTS) as network:
        redis_side = OneRedis(folder, store_binary(asked.store), network.stores)
        clickhouse_side = OneClickHouse(folder, network.stores)
        with Testbed(folder, redis_side, clickhouse_side, network.places, before) as testbed:
            yield testbed


def _upgrade(stage: Stage) -> None:
    hosts, now = stage.testbed.hosts, Release(REPOSITORY)
    before = hosts[0].release
    stage.warm()
    for host in hosts:
        stage.strike(f"{host.name} changes", is_blow=False)
        host.change_to(now)
        stage.testbed.wait_until_ready()
        stage.calm()
    said = before.hopline(hosts[0].settings, "audit")
    stage.expect("an audit by the version before that doesn't balance", found=not said["balanced"])


SCENARIOS = (
    Scenario(
        "upgrade",
        f"{_HOSTS} hosts go from the version before to this one, one by one",
        _set_up,
        _upgrade,
        Stage.conclude_audits,
        judges=(),
    ),
)
