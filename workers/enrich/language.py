"""Parser that reads the preferred language from Accept-Language (RFC 9110 §12.5.4)."""

import re

#: A language range: its primary subtag (RFC 5646 §2.2.1), what some write behind it with _ or -,
#: and parameters. ``*`` is any language, which says nothing of this visitor's.
_RANGE = re.compile(r"\s*([A-Za-z]{2,3})(?:[-_][A-Za-z0-9_-]*)?\s*(?:;(.*))?", re.DOTALL)
_WEIGHT = re.compile(r"\s*[qQ]\s*=\s*([01](?:\.[0-9]*)?|\.[0-9]+)")
#: Codes that ISO 639 has withdrawn and old systems still send, with those of today.
_RENAMED = {"iw": "he", "in": "id", "ji": "yi", "jw": "jv", "mo": "ro"}
#: Codes that name no language: undetermined, multiple, none, uncoded.
_NONE = frozenset(("und", "mul", "zxx", "mis"))


def preferred_language(accept_language: str) -> str:
    """Return the visitor's language, e.g. ``pt`` for ``pt-BR,pt;q=0.9``; '' if none is said.

    The highest weight counts, and of equal ones the first.
    """
    best, best_weight = "", 0.0
    for text in accept_language.split(","):
        found = _RANGE.fullmatch(text)
        if found is None:
            continue
        language, weight = found[1].lower(), _weight(found[2])
        if weight > best_weight and language not in _NONE:
            best, best_weight = language, weight
    return _RENAMED.get(best, best)


def _weight(parameters: str | None) -> float:
    """Return the weight from 0, unwanted, to 1, which is also that of a range without one."""
    found = _WEIGHT.match(parameters or "")
    return min(float(found[1]), 1.0) if found else 1.0
