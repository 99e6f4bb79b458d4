"""Types that parse the values of settings, or say what was expected.

Each refuses a value by ValueError, whose text :func:`app.config.loading.load` shows to a person.
"""

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar
from urllib.parse import parse_qs, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode

from app.http.networks import read_network
from app.http.trusted_peers import UNIX
from app.http.urls import InvalidUrl, read_host, read_url
from app.stores.redis.address import CLUSTER, SENTINEL
from app.verdicts.modes import read_modes

_AUTHORITY_END = re.compile(r"[/?#]")
#: Of the length that can be looked up (RFC 1035 §2.3.4); Python fails oddly on others.
_NAME = r"(?:[A-Za-z0-9_%-]{1,63}\.)*[A-Za-z0-9_%-]{1,63}\.?"
_HOST_AND_PORT = re.compile(rf"(?:\[[0-9A-Fa-f:.]+\]|{_NAME}|)(?::[0-9]{{1,5}})?", re.ASCII)

_SOCKET = re.compile(r"unix:.+|fd://[0-9]+")
_BIND = re.compile(rf"(?:\[[0-9A-Fa-f:.]+(?:%\w+)?\]|{_NAME}|\*):[0-9]{{1,5}}", re.ASCII)
#: What a header can carry (RFC 9110 §5.5) and everybody sends as the same bytes.
_TOKEN = re.compile(r"[!-~](?:[ -~]*[!-~])?")

_ONE_HOST = (
    "expected one host; several can only be Sentinels of a Redis,"
    " whose URL is redis+sentinel://USER:PASSWORD@HOST:26379,HOST:26379,HOST:26379/MASTER/0,"
    " or nodes of a cluster: redis+cluster://USER:PASSWORD@HOST:6379,HOST:6379,HOST:6379"
)
#: What a scheme of several hosts has in it, well written or not.
_SEVERAL = ("sentinel", "cluster")
#: What Sentinel takes for a master's name.
_MASTER = re.compile(r"[A-Za-z0-9._-]+", re.ASCII)

#: What proxies in use call theirs; an underscore is no hyphen, and servers drop such headers.
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,32}", re.ASCII)
#: What says something else about a visit or its connection, so that no address can stand there.
_TAKEN_HEADERS = frozenset((
    "accept-language", "connection", "content-length", "content-type", "cookie", "dnt", "expect",
    "host", "purpose", "referer", "sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform",
    "sec-fetch-mode", "sec-gpc", "sec-purpose", "transfer-encoding", "upgrade", "user-agent",
    "x-moz", "x-purpose", "x-request-id", "x-request-start",
))  # fmt: skip

#: What switches a bind off.
OFF = "off"

Answer = TypeVar("Answer")


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _bind(value: str) -> str:
    if _SOCKET.fullmatch(value):
        return value
    if not _BIND.fullmatch(value) or _port(value) > 65535:
        raise ValueError("expected HOST:PORT, unix:PATH or fd://N, an IPv6 address in brackets")
    return value


def _metrics_bind(value: str) -> str:
    if value != OFF and _bind(value) and value.startswith(("unix:", "fd://")):
        raise ValueError("expected HOST:PORT or off")
    return value


def _token(value: str) -> str:
    if not _TOKEN.fullmatch(value):
        raise ValueError("expected printable ASCII characters, without blanks at either end")
    return value


def _peers(value: str) -> str:
    if value != UNIX:
        try:
            ipaddress.ip_network(value, strict=False)
        except ValueError:
            raise ValueError("expected addresses, networks as 10.0.0.0/8, or unix") from None
    return value


def _network(value: str) -> str:
    try:
        read_network(value)
    except ValueError:
        raise ValueError("expected addresses or networks as 192.0.2.0/24, 2001:db8::/32") from None
    return value


def _modes(entries: tuple[str, ...]) -> tuple[str, ...]:
    read_modes(entries)
    return entries


def _header_name(value: str) -> str:
    if value and not _HEADER_NAME.fullmatch(value):
        raise ValueError(
            "expected the name of a header: letters, digits and hyphens, 32 characters at most"
        )
    if value.lower() in _TAKEN_HEADERS:
        raise ValueError("expected a header that a proxy writes the visitor's address into")
    return value


def _store_url(*schemes: str, may_be_several: bool = False) -> AfterValidator:
    """Return the check of a store's URL; whatever is wrong with one, none of it is repeated."""

    def check(value: str) -> str:
        scheme = value.partition("://")[0].lower()
        if any(word in scheme for word in _SEVERAL) and scheme not in schemes:
            raise ValueError(_ONE_HOST)
        if not value.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            raise ValueError(f"expected a URL that starts with {' or '.join(schemes)} and ://")
        authority, behind = _AUTHORITY_END.split(f"{value.partition('://')[2]}/", maxsplit=1)
        if "#" in value or "@" in behind:
            raise ValueError(
                "a #, ? or / before the @ ends what can be a password:"
                " write # as %23, ? as %3F and / as %2F there"
            )
        may_be = may_be_several or scheme.endswith((SENTINEL, CLUSTER))
        places = _places(authority, may_be_several=may_be)
        try:
            urlsplit(value.replace(",".join(places), places[0]))
        except ValueError:
            # What it says repeats the password.
            raise ValueError("write what is no letter or digit of a password as %XX") from None
        return value

    return AfterValidator(check)


def _places(authority: str, *, may_be_several: bool) -> list[str]:
    places = authority.rpartition("@")[2].split(",")
    if len(places) > 1 and not may_be_several:
        raise ValueError(_ONE_HOST)
    for place in places:
        if not _HOST_AND_PORT.fullmatch(place) or _port(place) > 65535:
            raise ValueError("expected HOST or HOST:PORT, an IPv6 address in brackets")
    return places


def _port(place: str) -> int:
    return int(place.rpartition(":")[2]) if re.search(r":[0-9]+$", place) else 1


def _each_once(value: str) -> str:
    rest = value.partition("://")[2]
    if "," in _AUTHORITY_END.split(rest)[0].rpartition("@")[2] and not _is_each_once(rest):
        raise ValueError("expected each ClickHouse once, and a host for each")
    return value


def _cluster_name(value: str) -> str:
    if value and not _MASTER.fullmatch(value):
        raise ValueError("expected the name of a cluster: letters, digits, hyphens, . and _")
    return value


def _redis_database(value: str) -> str:
    scheme, _, rest = value.partition("://")
    path = "" if scheme == "unix" else rest.partition("?")[0].partition("/")[2].strip("/")
    if scheme.endswith(SENTINEL):
        path = _behind_master(rest, path)
    database = parse_qs(rest.partition("?")[2]).get("db", [path])[0]
    if database and not (database.isascii() and database.isdigit()):
        raise ValueError(
            "expected the database, after the host or as ?db=, to be a number, e.g. /0"
        )
    if scheme.endswith(CLUSTER):
        _check_nodes(rest, database)
    return value


def _behind_master(rest: str, path: str) -> str:
    master, _, database = path.partition("/")
    if not _MASTER.fullmatch(master):
        raise ValueError("expected the master's name after the Sentinels, e.g. /mymaster/0")
    if not _is_each_once(rest):
        raise ValueError("expected each Sentinel once, and a host for each")
    return database


def _check_nodes(rest: str, database: str) -> None:
    if int(database or 0):
        raise ValueError(f"a cluster has one database: expected no /{database} behind its nodes")
    if not _is_each_once(rest):
        raise ValueError("expected each node of the cluster once, and a host for each")


def _is_each_once(rest: str) -> bool:
    places = _AUTHORITY_END.split(rest)[0].rpartition("@")[2].split(",")
    return "" not in places and len(set(places)) == len(places)


def _web_url(value: str) -> str:
    """Check what short links start with, in the words of :func:`app.http.urls.read_url`."""
    read = _read(read_url, value)
    if read.has_user or "?" in read.href or "#" in read.href:
        raise ValueError("expected a URL without user, ? and #, since codes are put behind it")
    return read.href


def _origin(value: str) -> str:
    """Return an origin as browsers write it (RFC 6454 §6.2)."""
    read = _read(read_url, value)
    origin = read.href.removesuffix("/")
    if read.has_user or origin.count("/") > len("//") or "?" in origin or "#" in origin:
        raise ValueError("expected SCHEME://HOST or SCHEME://HOST:PORT, with nothing behind it")
    return origin


def _host(value: str) -> str:
    _read(read_host, value)
    return value


def _read(reader: Callable[[str], Answer], value: str) -> Answer:
    try:
        return reader(value)
    except InvalidUrl as error:
        raise ValueError(error.detail) from None


def absolute(path: Path) -> Path:
    """Return where a path leads from here, ``~`` and ``~user`` expanded; links are not followed.

    Raises:
        ValueError: there is no such user, nobody's home is known, or the folder that we are in is
            gone.
    """
    try:
        return path.expanduser().absolute()
    except RuntimeError as error:
        raise ValueError(str(error)) from None
    except FileNotFoundError:
        raise ValueError("it counts from a folder that was deleted: begin it with a /") from None


Bind = Annotated[str, AfterValidator(_bind)]
MetricsBind = Annotated[str, AfterValidator(_metrics_bind)]
RedisUrl = Annotated[
    str,
    _store_url(
        *("redis", "rediss", "unix"),
        *("redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"),
    ),
    AfterValidator(_redis_database),
]
ClickHouseUrl = Annotated[
    str,
    _store_url("clickhouse", "clickhouses", may_be_several=True),
    AfterValidator(_each_once),
]
ClusterName = Annotated[str, AfterValidator(_cluster_name)]
WebUrl = Annotated[str, AfterValidator(_web_url)]
Hosts = Annotated[
    tuple[Annotated[str, AfterValidator(_host)], ...], NoDecode, BeforeValidator(_split)
]
Origins = Annotated[
    tuple[Annotated[str, AfterValidator(_origin)], ...], NoDecode, BeforeValidator(_split)
]
Peers = Annotated[
    tuple[Annotated[str, AfterValidator(_peers)], ...], NoDecode, BeforeValidator(_split)
]
OwnNetworks = Annotated[
    tuple[Annotated[str, AfterValidator(_network)], ...], NoDecode, BeforeValidator(_split)
]
RuleModes = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split), AfterValidator(_modes)]
HeaderName = Annotated[str, AfterValidator(_header_name)]
Place = Annotated[Path, AfterValidator(absolute)]
Places = Annotated[tuple[Place, ...], NoDecode, BeforeValidator(_split)]
Token = Annotated[str, Field(min_length=16), AfterValidator(_token)]
Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
