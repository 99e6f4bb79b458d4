"""Address that tells where Redis or Valkey listens, as HOPLINE_REDIS_URL says it."""

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

#: Host and port of an end that was reached, or the path of a Unix socket and 0.
Peer = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens and how to introduce ourselves.

    Attributes:
        path: Unix socket, which stands in for host and port.
        tls: whether to speak TLS, checking the certificate against ``ca_file`` or the system's.
    """

    host: str = "127.0.0.1"
    port: int = 6379
    path: str = ""
    tls: bool = False
    ca_file: str = ""
    username: str = ""
    password: str = ""
    database: int = 0

    def __str__(self) -> str:
        return self.path or f"{self.host}:{self.port}"


def parse_url(url: str) -> Address:
    """Read redis://, rediss:// or unix:// with user, password, database and ?ssl_ca_certs=.

    Raises:
        ValueError: when port or database is no number.
    """
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    unix = parts.scheme == "unix"
    database = query.get("db", [""])[0] or ("" if unix else parts.path.strip("/"))
    return Address(
        host=unquote(parts.hostname or "127.0.0.1"),
        port=parts.port or 6379,
        path=unquote(parts.path) if unix else "",
        tls=parts.scheme == "rediss",
        ca_file=query.get("ssl_ca_certs", [""])[0],
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=int(database or 0),
    )


def named(address: Address, peer: Peer) -> str:
    """Return how an error text names a server: as it is set, and the end that was reached."""
    if peer[0] in (address.path, address.host, ""):
        return str(address)
    return f"{address} ({peer[0]})"
