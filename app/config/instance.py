"""Name that tells one installation from another on a machine of several."""

import hashlib
from urllib.parse import parse_qs, unquote, urlsplit

from app.config.settings import Settings

#: Names it in answers about a service's state, never in those to visitors.
HEADER = "Hopline-Instance"
_LOOPBACK = ("", "127.0.0.1", "::1")


def instance_id(settings: Settings) -> str:
    """Return 12 hexadecimal digits for the stream and the Redis that an installation works on.

    Its services agree on them whoever they log in as; a digest, so that nobody reads in an answer
    where Redis is.
    """
    place = urlsplit(settings.redis_url)
    host = place.hostname or ""
    host = "localhost" if host in _LOOPBACK else host
    database = parse_qs(place.query).get("db", [""])[0]
    path = unquote(place.path).strip("/")
    if place.scheme != "unix":
        path, database = "", database or path
    names = (host, str(place.port or 6379), path, database or "0", settings.stream, settings.group)
    return hashlib.sha256("\0".join(names).encode()).hexdigest()[:12]
