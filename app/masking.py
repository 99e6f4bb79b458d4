"""Settings as they may be shown: passwords and tokens are replaced."""

import re

_MASK = "***"
_QUERY_PASSWORD = re.compile(r"(?<=password=)[^&]*")


def show(field: str, value: object) -> str:
    """Return the value of a setting's field as its variable would hold it, secrets masked."""
    if value is None:
        return ""
    if field.endswith("_token"):
        return _MASK
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(value)
    return mask_url(value) if isinstance(value, str) and field.endswith("_url") else str(value)


def mask_url(url: str) -> str:
    """Return the URL with its password replaced, fit for logs and terminals.

    It takes no parser: what is masked may be a mistyped URL on its way into an error text.
    """
    start, at, end = _QUERY_PASSWORD.sub(_MASK, url).rpartition("@")
    scheme, slashes, userinfo = start.partition("://") if "://" in start else ("", "", start)
    user, colon, _ = userinfo.partition(":")
    return f"{scheme}{slashes}{user}{colon}{_MASK if colon else ''}{at}{end}"
