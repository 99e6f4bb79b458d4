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

#: Quotes, brackets, blanks and invisible characters that texts put before a short link.
_BEFORE = re.compile(
    r"[\s'\"(<\[{\u00ab\u2018-\u201f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]*"
)
#: What no code can hold and texts put behind it: the end of a sentence, quotes and brackets of all
#: scripts, pictures, invisible characters, the slash of a folder. A letter of any script is no end:
#: it makes another word, which may not lead to this link. Neither is the + of a preview.
_BEHIND = re.compile(r"[^\w\-+\u0300-\u036f]*")
#: Where parameters or a fragment begin, also for who took their sign for a part of the code, and
#: where the text around goes on: no URL holds these (RFC 3986, appendix C), and no code.
_REST = re.compile(r"[&?#<>\"\\\x00-\x1f\x7f]")
_PARAMETERS = re.compile("[&?]")
_CODE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}", re.ASCII)


def is_valid(code: str) -> bool:
    """Tell whether a code may name a link; upper and lower case are different codes."""
    return _CODE.fullmatch(code) is not None


def random_code(length: int, choice: Callable[[str], str] = secrets.choice) -> str:
    """Return a code of unpredictable characters, so that links can't be found by counting."""
    return "".join(choice(ALPHABET) for _ in range(length))


def without_rest(text: str) -> str:
    """Return a code as it was meant, without what came along around it.

    Mail programs, chats and people hand on ``/code.``, ``/code)`` or ``/code&utm_source=mail``.
    What is no code even so stays none.
    """
    meant = _REST.split(text[_length(_BEFORE, text) :], maxsplit=1)[0]
    # Searched from its end, a pattern would take time by the square of the text's length.
    return meant[: len(meant) - _length(_BEHIND, meant[::-1])]


def parameters_behind(text: str) -> str:
    """Return the parameters that came along behind a code, whose sign was taken for a part of it.

    As :func:`without_rest` reads ``/code&utm_source=mail`` and ``/code%3Futm_source=mail``.
    """
    return _PARAMETERS.split(text, maxsplit=1)[1] if _PARAMETERS.search(text) else ""


def _length(run: re.Pattern[str], text: str) -> int:
    """Return how many characters at a text's start are of a kind."""
    found = run.match(text)
    return found.end() if found else 0


def named(text: str) -> str:
    """Return the code of what a person names a link by: a code, or a short link as pasted."""
    if "/" not in text:
        return text
    return without_rest(text).rpartition("/")[2].removesuffix("+")
