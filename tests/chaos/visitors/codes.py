"""Short codes of a run: which visitors follow which, and what is done to each."""

from typing import NamedTuple

#: What shows how far the stored clicks have come; one click in so many goes there.
PULSE = "pulse"
_PULSE_EVERY = 50
_PLAIN_EVERY = 3
_PLAIN = tuple(f"code{number}" for number in range(6))
#: Their targets change all the time, and some are disabled now and then.
MOVING = tuple(f"moving{number}" for number in range(6))
_MOVING_EVERY = 10
#: Limited links are followed by more visitors than their limit, one after the other.
_LIMITED_EVERY = 20
CLICK_LIMIT = 20
_VISITS_OF_LIMITED = 120

TARGET = "https://example.com/landing"
STEADY = (PULSE, *_PLAIN)


class Limited(NamedTuple):
    """A link with a click limit, by its place in the row."""

    place: int

    @property
    def code(self) -> str:
        return f"limited{self.place}"


def code_of(number: int) -> str:
    """Return the code that a click's visitor follows."""
    if number % _PULSE_EVERY == 0:
        return PULSE
    if number % _LIMITED_EVERY == 1:
        return Limited(number // _LIMITED_EVERY // _VISITS_OF_LIMITED).code
    if number % _MOVING_EVERY == 2:
        return MOVING[number // _MOVING_EVERY % len(MOVING)]
    return _PLAIN[number // _PLAIN_EVERY % len(_PLAIN)]


def is_limited(code: str) -> bool:
    """Tell whether a code's link has a click limit."""
    return code.startswith("limited")


def limited_codes(clicks: int) -> list[str]:
    """Return the limited links that so many clicks follow."""
    return [
        Limited(place).code for place in range(clicks // _LIMITED_EVERY // _VISITS_OF_LIMITED + 2)
    ]


def target_of(version: int) -> str:
    """Return the target of a link after so many changes."""
    return f"{TARGET}?version={version}"


def version_of(location: str) -> int:
    """Return which target a visitor was sent to; -1 for none of ours."""
    _, found, version = location.partition(f"{TARGET}?version=")
    return int(version) if found and version.isdigit() else -1
