"""`python -m workers`: the consumers of the click stream, under their supervisor."""

import argparse
import logging
import signal
import sys
from collections.abc import Sequence

from setproctitle import setproctitle

from app.logs import configure
from app.settings import Settings, SettingsError, load
from app.version import __version__
from workers.signals import Signals
from workers.supervisor import Supervisor

logger = logging.getLogger(__name__)

_EPILOG = """\
All settings are HOPLINE_ variables; `hopline settings` shows them.
SIGTERM or SIGINT drains: what was read is inserted and acked. A second one kills.
Exit codes: 0 stopped as asked, 1 consumers could not begin or had to be killed, 2 wrong usage."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until told to stop; return the exit code."""
    _parse(arguments)
    try:
        settings = load()
    except SettingsError as error:
        sys.stderr.write(f"hopline: {error}\n")
        return 2
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
    configure(settings.log_level, "workers")
    with Signals(signal.SIGTERM, signal.SIGINT) as signals:
        code = Supervisor(settings, signals).run()
    logger.info("stopped")
    return code


if __name__ == "__main__":
    sys.exit(main())
