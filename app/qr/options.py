"""Options of a QR code: what somebody asks of its look, from a URL or from a command alike."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, get_args

from app.qr.colours import TRANSPARENT, contrast, read_colour

#: How much of a code may be unreadable: 7, 15, 25 or 30 % (ISO/IEC 18004).
Level = Literal["L", "M", "Q", "H"]
LEVELS: tuple[Level, ...] = get_args(Level)
#: What `utm_source` of a scanned address can say; channel qr knows it.
SOURCES = ("qr",)
MAX_MARGIN, MAX_SCALE = 32, 32
#: Below it a scanner's camera may not tell two colours apart: WCAG's bound for graphics.
_LEAST_CONTRAST = 3


@dataclass(frozen=True, slots=True)
class QrOptions:
    """What a QR code holds beside the address, and how it looks.

    Attributes:
        level: of the correction of errors, at least.
        margin: modules around it; the standard wants 4.
        scale: pixels of a module's side.
        dark: colour of the modules that are set, ``#rrggbb``.
        light: of all others, ``#rrggbb`` or ``transparent``.
        source: that a scan names as where it came from; '' for none.
    """

    level: Level = "M"
    margin: int = 4
    scale: int = 10
    dark: str = "#000000"
    light: str = "#ffffff"
    source: str = ""


class InvalidOptions(Exception):
    """Options that no QR code can have.

    Attributes:
        faults: what is wrong, by option.
    """

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {text}" for name, text in faults.items()))
        self.faults = faults


def read_options(given: Mapping[str, object], names: Collection[str]) -> QrOptions:
    """Return the options that somebody gives; what is left out is as by default.

    Args:
        given: texts by the options' names.
        names: of the options that there are.

    Raises:
        InvalidOptions: naming all that can't be used.
    """
    read: dict[str, Any] = {}
    faults = {}
    for name, text in given.items():
        try:
            read[name] = _read(name, text, names)
        except ValueError as error:
            faults[name] = str(error)
    if faults:
        raise InvalidOptions(faults)
    return QrOptions(**read)


def too_little_contrast(options: QrOptions) -> str:
    """Say why scanners may not find a code in its colours; '' where they will."""
    ratio = contrast(options.dark, options.light)
    colours = f"{options.dark} on {options.light}"
    if ratio < 1:
        return f"{colours} is light on dark, which many scanners don't read"
    if ratio < _LEAST_CONTRAST:
        wanted = f"scanners need {_LEAST_CONTRAST}:1"
        return f"{colours} has a contrast of {ratio:.1f}:1, and {wanted}"
    return ""


def _read(name: str, text: object, names: Collection[str]) -> object:
    if name not in names:
        raise ValueError(f"is no option here; there are {', '.join(names)}")
    if not isinstance(text, str):
        raise ValueError("is there more than once")
    return _READERS[name](text)


def _one_of(text: str, known: Collection[str]) -> str:
    if text not in known:
        raise ValueError(f"{text!r} is none of {', '.join(known)}")
    return text


def _whole(text: str, least: int, most: int) -> int:
    if not re.fullmatch(r"[0-9]{1,3}", text) or not least <= int(text) <= most:
        raise ValueError(f"{text!r} is no whole number from {least} to {most}")
    return int(text)


def _light(text: str) -> str:
    return text if text == TRANSPARENT else read_colour(text)


_READERS: Mapping[str, Callable[[str], object]] = {
    "level": partial(_one_of, known=LEVELS),
    "margin": partial(_whole, least=0, most=MAX_MARGIN),
    "scale": partial(_whole, least=1, most=MAX_SCALE),
    "dark": read_colour,
    "light": _light,
    "source": partial(_one_of, known=SOURCES),
}

#: Of a PNG; an SVG is of any size, and a terminal's characters have their own colours.
PNG_OPTIONS = tuple(_READERS)
SVG_OPTIONS = tuple(name for name in PNG_OPTIONS if name != "scale")
TEXT_OPTIONS = ("level", "margin", "source")
