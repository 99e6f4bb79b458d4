"""Program that reads options, and runs the supervisor with metrics and monitors beside it."""

import argparse
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

from prometheus_client import CollectorRegistry
from setproctitle import setproctitle

from app.config.access import MetricsAccess
from app.config.loading import load
from app.config.settings import Settings
from app.config.shards import refusal
from app.config.variables import SettingsError
from app.logs.setup import configure
from app.metrics.exposition import Exposition
from app.metrics.publisher import published
from app.metrics.server import served
from app.metrics.workers import LedgerMetrics, SumsMetrics, SupervisorMetrics
from app.processes.private_files import keep_to_ourselves
from app.processes.systemd import Notifier
from app.version import __version__
from workers.monitor.monitors import Monitors
from workers.process.heartbeat import sharing_refusal
from workers.process.signals import Signals
from workers.supervisor.supervisor import SIGNALS, Supervisor
from workers.supervisor.systemd import SystemdNotifier

logger = logging.getLogger(__name__)

_EPILOG = """\
All settings are HOPLINE_ variables; `hopline settings` shows them.
SIGTERM or SIGINT drains: what was read is inserted and acked. A second one kills.
SIGHUP reads the settings again and replaces the consumers one by one, without a gap.
SIGTTIN and SIGTTOU: one consumer more, one fewer. SIGUSR1 logs how they are.
Exit codes: 0 stopped as asked, 1 consumers could not begin or had to be killed, 2 wrong usage."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until told to stop; return the exit code."""
    _parse(arguments)
    keep_to_ourselves()
    try:
        settings = load()
    except SettingsError as error:
        sys.stderr.write(f"hopline: {error}\n")
        return 2
    if reason := refusal(settings):
        sys.stderr.write(f"hopline: {reason}\n")
        return 2
    if reason := sharing_refusal():
        sys.stderr.write(f"hopline: {reason}\n")
        return 1
    return _supervise(settings)


def _parse(arguments: Sequence[str] | None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m workers",
        description="Read the click stream, enrich each click, insert it into ClickHouse.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"hopline {__version__}")
    parser.parse_args(arguments)


def _supervise(settings: Settings) -> int:
    setproctitle("hopline: workers")
    configure(settings, "workers")
    registry = CollectorRegistry()
    metrics = SupervisorMetrics(registry)
    systemd = SystemdNotifier(Notifier(os.environ))
    with (
        Signals(*SIGNALS) as signals,
        closing(Monitors(settings, LedgerMetrics(registry), SumsMetrics(registry))) as monitors,
        _metrics_shown(registry, settings, monitors),
    ):
        terminal = sys.stderr.isatty
        code = Supervisor(settings, signals, load, systemd, metrics, monitors.adopt, terminal).run()
    logger.info("stopped")
    return code


@contextmanager
def _metrics_shown(
    registry: CollectorRegistry, settings: Settings, monitors: Monitors
) -> Iterator[None]:
    """Publish the supervisor's metrics, and serve those of all the workers."""
    directory = settings.metrics_of("workers")
    exposition = Exposition(directory, [monitors.look])
    with (
        published(registry, directory),
        served(MetricsAccess.of(settings, "workers"), exposition),
    ):
        yield
