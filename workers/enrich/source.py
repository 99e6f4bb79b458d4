import re
from urllib.parse import urlsplit

#: android-app:// is what apps send through Chrome's custom tabs; its host is the package.
_SCHEMES = ("http", "https", "android-app")
_HOST = re.compile(r"[\w.-]{1,253}|[0-9a-f:.]{2,45}")


def referrer_host(referrer: str) -> str:
    """Return the host that the visitor came from, without ``www.``; '' if there is none.

    One of our own hosts is a host like any other: reports may tell it apart, for they can be
    asked again when the hosts change.
    """
    try:
        parts = urlsplit(referrer.strip())
        host = (parts.hostname or "").rstrip(".").removeprefix("www.")
    except ValueError:
        return ""
    if parts.scheme not in _SCHEMES or not _HOST.fullmatch(host):
        return ""
    return host


def own_host(host: str) -> str:
    """Return the host under which the visitor found us, as one spelling."""
    return host.lower().rstrip(".")
