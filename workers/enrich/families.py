"""Guard that keeps names which visitors make up out of what uap-core tells.

Most of uap-core's patterns can tell but a few names, which stand in them. Some take any text before
a slash that ends in "bot", or any before "CFNetwork", so that whoever writes a user agent could
fill a breakdown. Of what those tell, names that are known pass, and the rest is "other".
"""

import re
from collections.abc import Iterable

#: What unknown names are called together.
OTHER = "other"

#: What stands before a name that a pattern has from the user agent's own letters.
_TAKEN = "\0"
#: A group of a pattern, from its bracket on.
_GROUP = re.compile(r"(?<!\\)\((?!\?)")
#: A class of letters, or any, more than once.
_ANY_LETTERS = re.compile(r"(?:\]|(?<!\\)\.|\\[wSD])[*+{]")
_LITERAL = re.compile(r"[\w .!&+'-]+")


def takes_any_name(regex: str, family: str | None) -> bool:
    """Tell whether a pattern has its name from the user agent, and may have any."""
    takes = family is None or "$1" in family
    return takes and _ANY_LETTERS.search(_first_group(regex)) is not None


def marked(family: str | None) -> str:
    """Return what a pattern that takes any name is to tell instead."""
    return _TAKEN + (family or "$1")


def known(told: str, names: frozenset[str]) -> str:
    """Return a family as it is reported: as told if it can't be made up, or is one of the names."""
    if not told.startswith(_TAKEN):
        return told
    name = told.removeprefix(_TAKEN).strip()
    return name if name in names else OTHER


def listed(patterns: Iterable[str]) -> set[str]:
    """Return the names that stand in patterns' first groups as they are."""
    alternatives = (word for each in patterns for word in _first_group(each).split("|"))
    return {word for word in alternatives if _LITERAL.fullmatch(word)}


def _first_group(regex: str) -> str:
    """Return what stands in a pattern's first group."""
    begins = _GROUP.search(regex)
    if begins is None:
        return ""
    depth, in_class, escaped = 1, False, False
    for index in range(begins.end(), len(regex)):
        letter = regex[index]
        if escaped:
            escaped = False
        elif letter == "\\":
            escaped = True
        elif in_class:
            in_class = letter != "]"
        elif letter == "[":
            in_class = True
        else:
            depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return regex[begins.end() : index]
    return regex[begins.end() :]
