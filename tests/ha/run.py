"""Run that brings a testbed up, has visitors come while a scenario plays, and then looks."""

from app.config.shards import shards_of
from app.stores.redis.client import server_version
from tests.chaos.accounts.settle import settle, spooled
from tests.chaos.monitors.run_queue import RunQueueMonitor
from tests.chaos.visitors import client_log
from tests.chaos.visitors.behaviour import Behaviour
from tests.chaos.visitors.process import VisitorProcess
from tests.ha.accounts.counts import read_stored
from tests.ha.accounts.outcome import Outcome
from tests.ha.accounts.recording import Entry, read_entries
from tests.ha.monitors.link_switches import astray, held
from tests.ha.options import Asked, Options
from tests.ha.scenarios.scenario import Scenario
from tests.ha.stage import Stage
from tests.ha.testbed.testbed import Testbed

#: A host that is restarted has its visitors wait at its socket.
_PATIENCE_SECONDS = 20.0


def run(testbed: Testbed, scenario: Scenario, asked: Asked, options: Options) -> Outcome:
    """Play a scenario while visitors come, wait until all is processed, and look."""
    log = testbed.directory / "client.log"
    testbed.start()
    with (
        VisitorProcess(
            testbed.ways, options.rate or scenario.rate, log, testbed.codes, _PATIENCE_SECONDS
        ) as visitors,
        RunQueueMonitor(
            lambda: {
                "visitors": [visitors.pid],
                **testbed.who_answers(),
                **testbed.who_counts(),
            }
        ) as run_queue,
        Stage(testbed, asked, options) as stage,
    ):
        visitors.behave(Behaviour(hostile=0.0))
        scenario.play(stage)
        visitors.end()
    is_settled = settle(testbed, options.settle_seconds)
    scenario.conclude(stage)
    clicks, stalls = client_log.read(log)
    switches = stage.links.switches if stage.links else []
    still_held = held(testbed, switches)
    return Outcome(
        clicks=clicks,
        stalls=stalls,
        delays=run_queue.delays,
        stored=read_stored(testbed),
        entries=_entries(testbed) if stage.entries is None else stage.entries,
        struck=stage.struck,
        promotions=stage.promotions,
        switches=switches,
        held=still_held,
        astray=astray(testbed, still_held),
        spooled=spooled(testbed),
        is_settled=is_settled,
        found=stage.found,
        spans=stage.spans,
        noted=stage.noted,
        store=_store(testbed),
    )


def _entries(testbed: Testbed) -> list[Entry]:
    with testbed.redis() as client:
        streams = [shard.stream for shard in shards_of(testbed.settings)]
        return sorted(entry for stream in streams for entry in read_entries(client, stream)[0])


def _store(testbed: Testbed) -> str:
    with testbed.redis() as client:
        return server_version(client)[0]
