"""Parser that reads the preferred language from Accept-Language."""

import re

#: The first language range's primary subtag (RFC 9110 §12.5.4, RFC 5646 §2.2.1). Browsers list
#: what they prefer first, so that the weights need not be compared.
_FIRST = re.compile(r"\s*([A-Za-z]{2,3})(?:-[A-Za-z0-9-]*)?\s*(?:[;,]|$)")


def preferred_language(accept_language: str) -> str:
    """Return the visitor's language, e.g. ``pt`` for ``pt-BR,pt;q=0.9``; '' if none is said."""
    found = _FIRST.match(accept_language)
    return found[1].lower() if found else ""
