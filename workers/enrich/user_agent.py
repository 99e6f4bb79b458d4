"""Steps that are asked of a user agent, one after the other: browser, system, device."""

from typing import NamedTuple

from workers.enrich.browser import Browsers
from workers.enrich.device import Device, Devices
from workers.enrich.system import Systems


class UserAgent(NamedTuple):
    """What a user agent tells: families and their major versions, '' where unknown, and a class."""

    browser: str
    browser_version: str
    os: str
    os_version: str
    device: Device


class UserAgents:
    """Reads user agents; made once in a process, and whoever asks often remembers the answers."""

    def __init__(self) -> None:
        self._browsers, self._systems, self._devices = Browsers(), Systems(), Devices()

    def read(self, text: str) -> UserAgent:
        """Return what a user agent tells; a crawler's device is not told here."""
        return UserAgent(
            *self._browsers.read(text), *self._systems.read(text), self._devices.read(text)
        )
