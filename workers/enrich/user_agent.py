"""Steps that are asked of a user agent, one after the other: browser, system, device."""

from typing import NamedTuple

from workers.enrich.browser import Browsers
from workers.enrich.device import Device, Devices
from workers.enrich.system import Systems

#: What is looked at for a program's browser or name: all of what any of 2,100 known ones says of
#: them. uap-core's patterns for names of any kind take as long as all else for a longer one.
_READ_LETTERS_OF_PROGRAMS = 256


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

    def read(self, text: str, is_program: bool = False) -> UserAgent:
        """Return what a user agent tells.

        Args:
            is_program: whether it is known to be a program's, which has no device.
        """
        device: Device = "bot" if is_program else self._devices.read(text)
        named = text[:_READ_LETTERS_OF_PROGRAMS] if is_program else text
        return UserAgent(*self._browsers.read(named), *self._systems.read(text), device)
