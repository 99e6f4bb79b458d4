"""Colours of QR codes, in the hexadecimal notation of CSS, and how well two of them are told apart.

Source of the contrast: `WCAG 2.2 <https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio>`_.
"""

import re

#: Where the paper shows, which is taken for white.
TRANSPARENT = "transparent"

_HEX = re.compile(r"#?([0-9a-f]{3}|[0-9a-f]{6})")
_WHITE = "#ffffff"


def read_colour(text: str) -> str:
    """Return a colour as ``#rrggbb``.

    Args:
        text: ``#rgb`` or ``#rrggbb`` in either case; without its sign, too, for in a URL or a shell
            that begins something else.

    Raises:
        ValueError: it is no such colour.
    """
    found = _HEX.fullmatch(text.lower())
    if not found:
        raise ValueError(f"{text!r} is no colour like 036 or 003366")
    digits = found[1]
    return f"#{digits if len(digits) == 6 else ''.join(digit * 2 for digit in digits)}"


def contrast(dark: str, light: str) -> float:
    """Return how many times as bright one colour is as another, from 1/21 to 21.

    Args:
        dark: as :func:`read_colour` returns it.
        light: the same, or :data:`TRANSPARENT`.

    Returns:
        Below 1 where the one that is called light is the darker one.
    """
    return (_luminance(light) + 0.05) / (_luminance(dark) + 0.05)


def _luminance(colour: str) -> float:
    digits = (_WHITE if colour == TRANSPARENT else colour)[1:]
    red, green, blue = (_linear(part / 255) for part in bytes.fromhex(digits))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
