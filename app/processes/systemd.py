"""Notifier that tells systemd how a service fares: sd_notify(3). Elsewhere it does nothing."""

import logging
import os
import socket
from collections.abc import Mapping

logger = logging.getLogger(__name__)

READY = "READY=1"
STOPPING = "STOPPING=1"
WATCHDOG = "WATCHDOG=1"
#: Longest wait for a systemd that does not read: whoever tells it something has better to do.
_SEND_SECONDS = 1.0


class Notifier:
    """The way to the systemd that started this process, if one did.

    Args:
        environ: where NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID may stand.

    Attributes:
        watchdog_seconds: how long systemd waits for a :data:`WATCHDOG` before it takes this process
            for hung; None if it doesn't. Ping at least twice as often (sd_watchdog_enabled(3)).
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._path = environ.get("NOTIFY_SOCKET", "")
        self.watchdog_seconds = _watchdog_seconds(environ) if self._path else None

    def tell(self, *assignments: str, status: str = "") -> None:
        """Send assignments, and what `systemctl status` shows, within a second.

        What can't be sent is logged; never raises OSError.

        Args:
            assignments: as sd_notify(3) lists them, e.g. :data:`READY`.
            status: one line for a person; none by default.
        """
        if not self._path:
            return
        lines = [*assignments, f"STATUS={status}"] if status else list(assignments)
        # A leading @ stands for the NUL of an abstract address (unix(7)).
        address = f"\0{self._path[1:]}" if self._path.startswith("@") else self._path
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way:
                way.settimeout(_SEND_SECONDS)
                way.sendto("\n".join(lines).encode(), address)
        except OSError as error:
            logger.warning("can't tell systemd %s: %s", lines, error)


def _watchdog_seconds(environ: Mapping[str, str]) -> float | None:
    microseconds = environ.get("WATCHDOG_USEC", "")
    # Without a process named it is meant for us; a child inherits the variables, not the duty.
    meant_for = environ.get("WATCHDOG_PID") or str(os.getpid())
    if not microseconds.isdigit() or meant_for != str(os.getpid()):
        return None
    return int(microseconds) / 1_000_000
