"""Short codes: which ones a person may choose, and how one is made up."""

import re
import secrets
from collections.abc import Callable

#: Letters and digits without those that are mistaken for each other in print: 0 O o, 1 I i L l.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz"
MAX_LENGTH = 64

#: Why the first character is special: `/-/` is the services' own path, and the command would take
#: a code that starts with a hyphen for one of its options.
EXPECTED = (
    f"expected 1 to {MAX_LENGTH} of the characters A-Z a-z 0-9 _ and -, not starting with a hyphen"
)

#: What texts put behind a short link, and no code can hold: the end of a sentence, quotes and
#: brackets, blanks and line breaks, invisible characters, the slash of a folder.
_BEHIND = re.compile(
    r"[\s/.,;:!*`'\"()<>\[\]{}\u2018-\u201f\u00ab\u00bb\u2026\u3001\u3002"
    r"\u200b-\u200f\u202a-\u202e\u2060\ufeff]+\Z"
)
#: Where parameters begin, also for who took the question mark for a part of the code.
_PARAMETERS = re.compile(r"[&?]")
_CODE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}", re.ASCII)


def is_valid(code: str) -> bool:
    """Tell whether a code may name a link; upper and lower case are different codes."""
    return _CODE.fullmatch(code) is not None


def random_code(length: int, choice: Callable[[str], str] = secrets.choice) -> str:
    """Return a code of unpredictable characters, so that links can't be found by counting."""
    return "".join(choice(ALPHABET) for _ in range(length))


def without_rest(text: str) -> str:
    """Return a code as it was meant, without what came along behind it.

    Mail programs, chats and people hand on ``/code.``, ``/code)`` or ``/code&utm_source=mail``.
    What is no code even so stays none.
    """
    return _BEHIND.sub("", _PARAMETERS.split(text, maxsplit=1)[0])


def named(text: str) -> str:
    """Return the code of what a person names a link by: a code, or a short link as pasted."""
    if "/" not in text:
        return text
    return without_rest(text.strip()).rpartition("/")[2].removesuffix("+")
