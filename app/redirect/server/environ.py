"""The WSGI environ of a request, as PEP 3333 and gunicorn have it."""

import ipaddress
from collections.abc import Mapping, Sequence
from functools import lru_cache
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from gunicorn_h1c import HttpRequest, parse_to_wsgi_environ

from app.http.rules import is_host
from app.redirect.server.request_parser import BAD_REQUEST, Limits, Refused

#: Peers whose trust is remembered.
_REMEMBERED_PEERS = 1024

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class EnvironBuilder:
    """Builds environs.

    Args:
        base: what every environ holds (``wsgi.errors`` and the like).
        secure_headers: header that a trusted proxy sets, e.g. X-FORWARDED-PROTO, and the value
            that means https; gunicorn's ``secure_scheme_headers``.
        trusted: networks of those proxies, None for all; gunicorn's ``forwarded_allow_ips``.
    """

    def __init__(
        self,
        base: Mapping[str, Any],
        limits: Limits,
        secure_headers: Mapping[str, str],
        trusted: Sequence[Network] | None,
    ) -> None:
        self._base = {**base, "SCRIPT_NAME": ""}
        self._limits = limits
        self._secure = [
            ("HTTP_" + name.upper().replace("-", "_"), value)
            for name, value in secure_headers.items()
        ]
        self._trusted = trusted
        self._is_trusted = lru_cache(_REMEMBERED_PEERS)(self._look_up_trust)

    def build(
        self,
        head: bytes,
        request: HttpRequest,
        peer: tuple[Any, ...],
        server: tuple[str, str] | None,
    ) -> dict[str, Any]:
        """Return the environ of a request that carries no body.

        Args:
            head: bytes that begin with the request.
            peer: client's address and port, empty ones behind a Unix socket.
            server: the listener's address and port; behind a Unix socket Host stands in for it.

        Raises:
            Refused: for a target or scheme that can't be made sense of.
        """
        limits = self._limits
        environ: dict[str, Any] = parse_to_wsgi_environ(
            head,
            server,
            peer,
            "http",
            limits.line_bytes,
            limits.fields,
            limits.field_bytes,
            True,
            True,
        )
        del environ["_consumed"]
        environ.update(self._base)
        environ["wsgi.input"] = BytesIO()
        target = environ["RAW_URI"] = request.path.decode("latin-1")
        if target[0] != "/" or "#" in target:
            _place(environ, target)
        if "%" in target:
            environ["PATH_INFO"] = unquote_to_bytes(environ["PATH_INFO"]).decode("latin-1")
        for name, _ in self._secure:
            if name in environ:
                self._set_scheme(environ, peer)
                break
        if server is None:
            environ["SERVER_NAME"], environ["SERVER_PORT"] = _host_and_port(environ)
        return environ

    def _set_scheme(self, environ: dict[str, Any], peer: tuple[Any, ...]) -> None:
        if not self._is_trusted(peer[0]):
            return
        told = {environ[name] == secure for name, secure in self._secure if name in environ}
        if len(told) > 1:
            raise Refused(BAD_REQUEST, "proxy headers disagree about the scheme")
        environ["wsgi.url_scheme"] = "https" if told.pop() else "http"

    def _look_up_trust(self, address: str) -> bool:
        if self._trusted is None or not address:
            return True
        peer = ipaddress.ip_address(address)
        return any(peer in network for network in self._trusted)


def _place(environ: dict[str, Any], target: str) -> None:
    path, _, query = target.partition("#")[0].partition("?")
    if target[0] != "/" and target != "*":
        path = _take_authority(environ, path)
    environ["PATH_INFO"], environ["QUERY_STRING"] = path, query


def _take_authority(environ: dict[str, Any], url: str) -> str:
    """Let an absolute-form target stand in for Host, as RFC 9112 section 3.2.2 demands."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise Refused(BAD_REQUEST, "request target is no URL") from None
    if not parts.netloc or not is_host(parts.netloc.encode("latin-1")):
        raise Refused(BAD_REQUEST, "request target has no valid host")
    environ["HTTP_HOST"] = parts.netloc
    return parts.path or "/"


def _host_and_port(environ: Mapping[str, Any]) -> tuple[str, str]:
    host = environ.get("HTTP_HOST", "localhost")
    name, colon, port = host.rpartition(":")
    if colon and port.isdigit():
        return name, port
    return host, "443" if environ["wsgi.url_scheme"] == "https" else "80"


def request_headers(environ: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return a request's header fields by the names that access log formats use."""
    return [
        (name[5:].replace("_", "-"), value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    ]
