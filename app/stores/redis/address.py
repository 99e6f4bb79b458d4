"""Address that tells where Redis or Valkey listens, as HOPLINE_REDIS_URL says it."""

from dataclasses import dataclass, replace
from urllib.parse import parse_qs, unquote, urlsplit

#: Host and port of an end that was reached, or the path of a Unix socket and 0.
Peer = tuple[str, int]

#: What a scheme ends with whose hosts are Sentinels.
SENTINEL = "+sentinel"
#: What a scheme ends with whose hosts are nodes of a cluster, of which one that answers will do.
CLUSTER = "+cluster"
_PORT = 6379
_SENTINEL_PORT = 26379


@dataclass(frozen=True, slots=True)
class Sentinels:
    """Where the Sentinels of a master listen, what they call it, and who we are to them.

    Attributes:
        ends: of each Sentinel, as they are set.
        master: its name there.
        username: for the Sentinels, which have users of their own; empty for the default one.
        password: empty where they ask for none.
    """

    ends: tuple[Peer, ...]
    master: str
    username: str = ""
    password: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens and how to introduce ourselves.

    Attributes:
        host: empty where Sentinels, or nodes of a cluster, have yet to name it.
        path: Unix socket, which stands in for host and port.
        tls: whether to speak TLS, checking the certificate against ``ca_file`` or the system's.
        sentinels: who names the master; None where the address leads to it.
        seeds: nodes of a cluster, which know of all others; empty where there is none.
    """

    host: str = "127.0.0.1"
    port: int = 6379
    path: str = ""
    tls: bool = False
    ca_file: str = ""
    username: str = ""
    password: str = ""
    database: int = 0
    sentinels: Sentinels | None = None
    seeds: tuple[Peer, ...] = ()

    @property
    def is_fixed(self) -> bool:
        """Whether it is where the server is, so that nobody has to be asked for that."""
        return self.sentinels is None and not self.seeds

    def __str__(self) -> str:
        if self.is_fixed:
            return self.path or f"{self.host}:{self.port}"
        place = f" ({self.host}:{self.port})" if self.host else ""
        if self.sentinels is not None:
            return f"{self.sentinels.master}{place}"
        return f"the cluster of {self.seeds[0][0]}:{self.seeds[0][1]}{place}"

    def of_sentinel(self, end: Peer) -> "Address":
        """Return where one of the Sentinels listens; they speak TLS if the master does."""
        assert self.sentinels is not None  # noqa: S101 - who asks has Sentinels
        user, password = self.sentinels.username, self.sentinels.password
        return Address(*end, tls=self.tls, ca_file=self.ca_file, username=user, password=password)

    def at(self, end: Peer) -> "Address":
        """Return the address of a master that Sentinels name, or of a node of the cluster."""
        return replace(self, host=end[0], port=end[1])


def is_cluster(url: str) -> bool:
    """Tell whether a URL is that of a cluster."""
    return url.partition("://")[0].lower().endswith(CLUSTER)


def parse_url(url: str) -> Address:
    """Read redis://, rediss:// or unix:// with user, password, database and ?ssl_ca_certs=.

    With ``+sentinel`` behind redis or rediss the hosts are those of Sentinels, the path is the
    master's name and then the database, and the query may hold ``sentinel_username`` and
    ``sentinel_password``. With ``+cluster`` they are those of some of a cluster's nodes.

    Raises:
        ValueError: when port or database is no number.
    """
    if url.partition("://")[0].lower().endswith((SENTINEL, CLUSTER)):
        return _parse_url_of_several(url)
    parts = urlsplit(url)
    query = _parameters(parts.query)
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


def _parse_url_of_several(url: str) -> Address:
    # Of several hosts, and several in brackets, urlsplit() makes nothing.
    scheme, _, rest = url.partition("://")
    rest, _, query_text = rest.partition("?")
    authority, _, path = rest.partition("/")
    userinfo, _, hosts = authority.rpartition("@")
    user, _, password = userinfo.partition(":")
    query = _parameters(query_text)
    of_sentinels = scheme.lower().endswith(SENTINEL)
    ends = tuple(
        _end(place, _SENTINEL_PORT if of_sentinels else _PORT) for place in hosts.split(",")
    )
    master, _, database = path.strip("/").partition("/")
    if not of_sentinels:
        database = master
    return Address(
        host="",
        tls=scheme.lower().startswith("rediss"),
        ca_file=query.get("ssl_ca_certs", [""])[0],
        username=unquote(user),
        password=unquote(password),
        database=int(query.get("db", [""])[0] or database or 0),
        sentinels=_sentinels(ends, master, query) if of_sentinels else None,
        seeds=() if of_sentinels else ends,
    )


def _sentinels(ends: tuple[Peer, ...], master: str, query: dict[str, list[str]]) -> Sentinels:
    return Sentinels(
        ends=ends,
        master=unquote(master),
        username=query.get("sentinel_username", [""])[0],
        password=query.get("sentinel_password", [""])[0],
    )


def _parameters(query: str) -> dict[str, list[str]]:
    # A + is one, in a password or a path, and no blank as in forms.
    return parse_qs(query.replace("+", "%2B"))


def _end(place: str, default_port: int) -> Peer:
    host, colon, port = place.rpartition(":")
    if not colon or place.endswith("]"):
        host, port = place, ""
    return host.strip("[]"), int(port or default_port)


def named(address: Address, peer: Peer) -> str:
    """Return how an error text names a server: as it is set, and the end that was reached."""
    if peer[0] and not address.is_fixed:
        return str(address.at(peer))
    if peer[0] in (address.path, address.host, ""):
        return str(address)
    return f"{address} ({peer[0]})"
