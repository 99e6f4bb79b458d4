"""TCP ports and Unix sockets of this machine: which are free, and who answers there."""

import socket

LOOPBACK = "127.0.0.1"
_PROBE_SECONDS = 1.0
_EVERY_ADDRESS = {"0.0.0.0": LOOPBACK, "::": "::1", "": LOOPBACK}  # noqa: S104 - read, not bound


class BindRefused(Exception):
    """A service can't listen where its setting says; the text names port and setting."""


def free_port() -> int:
    """Return a port of the loopback address that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def is_listening(port: int) -> bool:
    """Tell whether something accepts connections on a port of the loopback address."""
    try:
        with socket.create_connection((LOOPBACK, port), _PROBE_SECONDS):
            return True
    except OSError:
        return False
