"""Step that tells from the user agent which class of device a visitor holds in their hands.

Browsers put words in for this purpose
(https://developer.mozilla.org/docs/Web/HTTP/Guides/Browser_detection_using_the_user_agent), but
televisions, cars and watches run phones' systems and say what phones say: their words and models
come first. An iPad asks as a Mac since iPadOS 13, and can't be told from one.
"""

import re
from typing import Literal, get_args

from workers.enrich.facts.devices import (
    ANDROID_DESKTOPS,
    APPLIANCES,
    CARS,
    CONSOLES,
    DESKTOPS,
    PHONE_MODELS,
    PHONES,
    WEARABLES,
    WINDOWS_PHONES,
)
from workers.enrich.facts.tablets import TABLETS
from workers.enrich.facts.televisions import TELEVISIONS
from workers.enrich.facts.words import words
from workers.enrich.rules import Rules

Device = Literal["desktop", "mobile", "tablet", "tv", "console", "wearable", "car", "bot", "other"]

CLASSES: tuple[Device, ...] = get_args(Device)

#: What is looked at: devices stand in front, and applications' own words behind. Made-up letters
#: take a fifth of the time this way.
_READ_LETTERS = 512

#: What a user agent may say of its device, and by which words.
_SAID = {
    "console": CONSOLES,
    "iphone": words(r"\biphone | \bipod"),
    "wearable": WEARABLES,
    "car": CARS,
    "windows phone": WINDOWS_PHONES,
    "windows": words(r"windows nt"),
    "appliance": APPLIANCES,
    "phone model": PHONE_MODELS,
    "tv": TELEVISIONS,
    "tizen": words(r"tizen[ /]"),
    "tv word": words(r"\btv\b"),
    "android desktop": ANDROID_DESKTOPS,
    "tablet": TABLETS,
    "phone": PHONES,
    "android": words(r"android | \badr \d"),
    "mobile word": words(r"mobi | opera mini | \bphone; "),
    "browser": words(r"mozilla/"),
    "desktop": DESKTOPS,
}

#: Whose words are looked for by themselves. With the others' they would be one automaton of so many
#: states that made-up letters take twice the time.
_OF_MODELS = ("tv", "tablet")

#: Applications that tell of the screen: Instagram its dots per inch, Facebook its dots per pixel
#: of Android's own measure, of which there are 160 on an inch.
_SCREEN = re.compile(
    r"; (?P<dpi>\d{2,3})dpi; (\d{2,5})x(\d{2,5});"
    r"|FBDM/\{density=(?P<density>\d{1,2}(?:\.\d{1,6})?),width=(\d{2,5}),height=(\d{2,5})",
    re.ASCII,
)
_DPI_OF_ONE = 160
#: A tablet's shorter side has 600 (developer.android.com, "Use window size classes"), less bars.
_PHONES_TO = 480

#: The first whose words are all there, and none of its others, is the class.
_CLASSES: tuple[tuple[Device, set[str], set[str]], ...] = (
    ("console", {"console"}, set()),  # before phones: one says that it is like an iPhone
    ("mobile", {"iphone"}, set()),
    ("wearable", {"wearable"}, set()),
    ("car", {"car"}, set()),
    ("mobile", {"windows phone"}, set()),
    # Before tablets: Windows says Tablet PC where its handwriting is installed.
    ("desktop", {"windows"}, {"android"}),
    ("other", {"appliance"}, set()),
    ("mobile", {"phone model"}, set()),
    ("tv", {"tv"}, set()),
    ("tv", {"tizen", "tv word"}, set()),
    ("desktop", {"android desktop"}, set()),
    ("tablet", {"tablet"}, set()),
    # Browsers of phones say so somewhere; applications add words of their own behind the browser's,
    # another "Android" among them. What is no browser never says it, and most of it is on phones.
    ("tablet", {"android", "browser"}, {"mobile word"}),
    ("mobile", {"phone"}, set()),
    ("mobile", {"android"}, set()),
    ("desktop", {"desktop"}, set()),
)


class Devices:
    """Reads user agents; made once in a process, 5 ms."""

    def __init__(self) -> None:
        self._models = Rules({name: _SAID[name] for name in _OF_MODELS})
        self._others = Rules({name: _SAID[name] for name in _SAID if name not in _OF_MODELS})

    def read(self, user_agent: str) -> Device:
        """Return the class of device; a crawler's is not told here."""
        read = user_agent[:_READ_LETTERS]
        said = self._models.all(read) | self._others.all(read)
        for device, all_of, none_of in _CLASSES:
            if all_of <= said and not none_of & said:
                is_phone = device in ("tablet", "tv") and _has_phones_screen(read)
                return "mobile" if is_phone else device
        return "other"


def _has_phones_screen(user_agent: str) -> bool:
    """Tell whether an application says of a screen, whatever the model's name, that it is small."""
    found = _SCREEN.search(user_agent)
    if not found:
        return False
    dpi = found["dpi"]
    density = int(dpi) / _DPI_OF_ONE if dpi else float(found["density"])
    sides = found.groups()[1:3] if dpi else found.groups()[4:6]
    return density > 0 and min(map(int, sides)) / density < _PHONES_TO
