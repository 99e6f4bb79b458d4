"""Mask that replaces passwords and tokens in settings that are shown."""

import re

_MASK = "***"
_SCHEME = re.compile(r"[A-Za-z+]{1,20}")
#: A URL without user, query and fragment, and whatever else is too short to hold a password.
_HARMLESS = re.compile(
    r"(?:[A-Za-z+]{1,20}:(?://)?)?(?:\[[0-9A-Fa-f:.]*\]?|[\w.,-]*)(?::[0-9]{1,5})?(?:/[\w.-]*)?"
)
_LIKE_URL = re.compile(r"@|://")
#: A parameter that is no secret by its name and its value; a misspelt password is one.
_PLAIN = re.compile(
    r"(?:db|secure|verify|compression|\w+_timeout|max_\w+)=(?:[0-9.]*|true|false|lz4|lz4hc|zstd)"
    r"|(?:ssl_)?(?:ca_certs|certfile|keyfile)=[^@]*|",
    re.IGNORECASE | re.ASCII,
)


def show(field: str, value: object) -> str:
    """Return the value of a setting's field as its variable would hold it, secrets masked."""
    if value is None:
        return ""
    if field.endswith("_token"):
        return _MASK
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return mask_url(value) if isinstance(value, str) and field.endswith("_url") else str(value)


def show_refused(field: str, value: object) -> str:
    """Return a value that can't be used, as :func:`show`; of a URL only what is no secret.

    Where its password ends can't be told of a URL that is wrong, so it is shown only where it can't
    hold any. A URL may have come to the wrong setting.
    """
    is_url = isinstance(value, str) and (field.endswith("_url") or _LIKE_URL.search(value))
    if is_url and not _HARMLESS.fullmatch(str(value)):
        scheme, slashes, _ = str(value).partition("://")
        return f"{scheme}://{_MASK}" if slashes and _SCHEME.fullmatch(scheme) else _MASK
    return show(field, value)


def mask_url(url: str) -> str:
    """Return a URL that can be used with its password replaced, fit for logs and terminals."""
    place, mark, query = url.partition("?")
    start, at, end = place.rpartition("@")
    scheme, slashes, userinfo = start.partition("://")
    user, colon, _ = userinfo.partition(":")
    shown = "&".join(
        piece if _PLAIN.fullmatch(piece) else _hidden(piece) for piece in query.split("&")
    )
    return f"{scheme}{slashes}{user}{colon}{_MASK if colon else ''}{at}{end}{mark}{shown}"


def _hidden(piece: str) -> str:
    name, equals, _ = piece.partition("=")
    return f"{name}{equals}{_MASK}" if equals else _MASK
