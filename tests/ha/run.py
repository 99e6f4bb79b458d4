"""Run that brings a testbed up, has visitors come while a scenario plays, and then looks."""

import logging
import time
from typing import NamedTuple

from app.stores.redis.client import server_version
from tests.chaos.accounts.settle import settle, spooled
from tests.chaos.monitors.run_queue import Delay, RunQueueMonitor
from tests.chaos.visitors import client_log
from tests.chaos.visitors.behaviour import Behaviour
from tests.chaos.visitors.client_log import Sent, Stall, now_ms
from tests.chaos.visitors.process import VisitorProcess
from tests.ha.accounts.counts import Stored, read_stored
from tests.ha.accounts.recording import Entry, read_entries
from tests.ha.monitors.failover_observer import Announcement, FailoverObserver, Look, Promotion
from tests.ha.monitors.link_switches import LinkSwitches, Switch, astray, held
from tests.ha.options import Options
from tests.ha.scenarios.scenario import Scenario
from tests.ha.testbed.testbed import Testbed

logger = logging.getLogger(__name__)

#: Sentinels need this beside the time after which they count a master as down.
_ELECTION_SECONDS = 15.0
#: They tell a master that comes back that it is none after eight seconds or more.
_WHOLE_SECONDS = 30.0


class Struck(NamedTuple):
    """A step that was done, at a Unix time in milliseconds."""

    at_ms: int
    is_blow: bool


class Outcome(NamedTuple):
    """What a run left to be judged.

    Attributes:
        stalls, delays: see :mod:`tests.chaos.accounts.waits`.
        entries: of visitors' clicks, in the last master's stream.
        switches, held, astray: links that were disabled, which of them the last master holds as
            such, and at which of those a service still redirects.
        spooled: clicks that still lie in the hosts' spools.
        is_settled: whether everything was processed in time.
        store: name and version of the server.
    """

    clicks: list[Sent]
    stalls: list[Stall]
    delays: list[Delay]
    stored: Stored
    entries: list[Entry]
    struck: list[Struck]
    looks: list[Look]
    announcements: list[Announcement]
    promotions: list[Promotion]
    switches: list[Switch]
    held: set[str]
    astray: list[str]
    spooled: int
    is_settled: bool
    store: str


def run(
    testbed: Testbed,
    scenario: Scenario,
    down_after_seconds: float,
    options: Options,
) -> Outcome:
    """Play a scenario while visitors come, wait until all is processed, and look."""
    log = testbed.directory / "client.log"
    testbed.start()
    with (
        FailoverObserver(testbed.group) as observer,
        VisitorProcess(testbed.ways, options.rate, log, testbed.codes) as visitors,
        RunQueueMonitor(lambda: {"visitors": [visitors.pid], **testbed.who_answers()}) as run_queue,
        LinkSwitches(testbed) as links,
    ):
        visitors.behave(Behaviour(hostile=0.0))
        testbed.wait(lambda: False, options.warm_seconds)
        struck = _play(testbed, scenario)
        since_ms = struck[0].at_ms
        if scenario.fails_over(down_after_seconds):
            patience_seconds = down_after_seconds + _ELECTION_SECONDS
            testbed.wait(lambda: observer.promotions(since_ms), patience_seconds)
        testbed.wait(lambda: False, options.calm_seconds)
        # Whoever was killed comes back and takes itself for the master until it is told.
        testbed.group.bring_back()
        testbed.wait(lambda: observer.is_whole, _WHOLE_SECONDS)
        testbed.wait(lambda: False, options.calm_seconds)
        visitors.end()
    is_settled = settle(testbed, options.settle_seconds)
    clicks, stalls = client_log.read(log)
    still_held = held(testbed, links.switches)
    with testbed.redis() as client:
        return Outcome(
            clicks=clicks,
            stalls=stalls,
            delays=run_queue.delays,
            stored=read_stored(testbed),
            entries=read_entries(client, testbed.settings.stream),
            struck=struck,
            looks=observer.looks,
            announcements=observer.announcements,
            promotions=observer.promotions(since_ms),
            switches=links.switches,
            held=still_held,
            astray=astray(testbed, still_held),
            spooled=spooled(testbed),
            is_settled=is_settled,
            store=server_version(client)[0],
        )


def _play(testbed: Testbed, scenario: Scenario) -> list[Struck]:
    master = testbed.group.master()
    begun_at = time.monotonic()
    struck = []
    for step in scenario.steps:
        left_seconds = begun_at + step.at_seconds - time.monotonic()
        testbed.wait(lambda: False, max(0.0, left_seconds))
        struck.append(Struck(now_ms(), step.is_blow))
        step.act(testbed.group, master)
    logger.info("%s", scenario.text)
    return struck
