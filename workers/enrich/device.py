"""Rule that tells from the user agent which class of device a visitor holds in their hands.

uap-core names models, not classes, so that the class is told by the words that browsers put in
for this purpose (https://developer.mozilla.org/docs/Web/HTTP/Guides/Browser_detection_using_the_user_agent).
An iPad asks as a Mac since iPadOS 13 and can't be told from one.
"""

import re
from collections.abc import Callable
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
            r"harmonyos|openharmony|\[fba[nv]/|\bmidp\b|\bcldc\b|up\.browser"
        ),
    ),
    (
        "desktop",
        re.compile(r"windows nt|macintosh|x11|cros |linux|freebsd|openbsd"),
    ),
)
_TV_WORD = re.compile(r"\btv\b")


def device_class(user_agent: str) -> Device:
    """Return the class of device of a browser; a crawler's is not told here."""
    lower = user_agent.lower()
    for device, words in _WORDS:
        # Windows says Tablet PC where its handwriting is installed.
        if device == "tablet" and "windows nt" in lower:
            continue
        if words.search(lower) or (device in _PAIRS and _PAIRS[device](lower)):
            return device
    return "other"


def _is_tizen_tv(lower: str) -> bool:
    start = lower.find("tizen ")
    return start >= 0 and _TV_WORD.search(lower, start) is not None


def _is_android_tablet(lower: str) -> bool:
    """Tell whether a browser on Android says nowhere that it is a phone's.

    Apps add words of their own behind the browser's, another "Android" among them. Opera Mini has
    no word for phones, and few tablets.
    """
    return "android" in lower and "mobi" not in lower and "opera mini" not in lower


#: What depends on two words. They are looked for one after the other: a pattern of both would take
#: time by the square of the text's length.
_PAIRS: dict[Device, Callable[[str], bool]] = {"tv": _is_tizen_tv, "tablet": _is_android_tablet}
