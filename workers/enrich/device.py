"""What a visitor holds in their hands, from the user agent.

uap-core names models, not classes, so that the class is told by the words that browsers put in
for this purpose (https://developer.mozilla.org/docs/Web/HTTP/Guides/Browser_detection_using_the_user_agent).
An iPad asks as a Mac since iPadOS 13 and can't be told from one.
"""

import re
from typing import Literal, get_args

Device = Literal["desktop", "mobile", "tablet", "tv", "bot", "other"]

CLASSES: tuple[Device, ...] = get_args(Device)

#: In small letters. The first that is found counts: televisions and tablets also say Android and
#: Linux.
_WORDS: tuple[tuple[Device, re.Pattern[str]], ...] = (
    (
        "tv",
        re.compile(
            r"smart-?tv|google ?tv|apple ?tv|hbbtv|android ?tv|netcast|web0s|webos\.tv|bravia|"
            r"\broku|crkey|\baft[a-z]{1,4}\b|viera|philipstv|\btv safari"
        ),
    ),
    (
        "tablet",
        re.compile(r"ipad|tablet|kindle|\bsilk/|playbook|nexus (?:7|9|10)\b|\bsm-t\d"),
    ),
    (
        "mobile",
        re.compile(
            r"mobi|iphone|ipod|android|phone|blackberry|\bbb10\b|opera mini|kaios|symbian|"
            r"harmonyos|openharmony"
        ),
    ),
    (
        "desktop",
        re.compile(r"windows nt|macintosh|x11|cros |linux|freebsd|openbsd"),
    ),
)
#: What depends on two words, from the text's begin on. The first is taken as it is found, not tried
#: wherever it stands, which would take time by the square of the text's length.
_PAIRS: dict[Device, re.Pattern[str]] = {
    "tv": re.compile(r"(?>.*?tizen ).*\btv\b"),
    "tablet": re.compile(r"(?>.*android)(?!.*mobi)"),
}


def device_class(user_agent: str) -> Device:
    """Return the class of device of a browser; a crawler's is not told here."""
    lower = user_agent.lower()
    for device, words in _WORDS:
        pair = _PAIRS.get(device)
        if words.search(lower) or (pair and pair.match(lower)):
            return device
    return "other"
