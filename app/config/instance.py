"""Name that tells one installation from another on a machine of several."""

import hashlib

from app.config.settings import Settings
from app.stores.redis.address import parse_url

#: Names it in answers about a service's state, never in those to visitors.
HEADER = "Hopline-Instance"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def instance_id(settings: Settings) -> str:
    """Return 12 hexadecimal digits for the stream and the Redis that an installation works on.

    Its services agree on them whoever they log in as; a digest, so that nobody reads in an answer
    where Redis is.
    """
    at = parse_url(settings.redis_url)
    path = at.path.strip("/")
    if at.seeds:
        host, path = "", ",".join(sorted(f"{host}:{port}" for host, port in at.seeds))
    elif at.sentinels is None:
        host = "localhost" if path or at.host in _LOOPBACK else at.host
    else:
        # In which order they are set, or which of them, may differ from host to host.
        host, path = "", at.sentinels.master
    names = (host, str(at.port), path, str(at.database), settings.stream, settings.group)
    return hashlib.sha256("\0".join(names).encode()).hexdigest()[:12]
