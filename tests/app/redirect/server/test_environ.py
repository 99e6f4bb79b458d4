import ipaddress

import pytest
from gunicorn_h1c import parse_request_fast

from app.redirect.server.environ import EnvironBuilder, request_headers
from app.redirect.server.request_parser import Limits, Refused

PEER, SERVER = ("192.0.2.7", 4711), ("198.51.100.1", "8080")
HTTPS = {"X-FORWARDED-PROTO": "https", "X-FORWARDED-SSL": "on"}


def build(target: str, *lines: str, peer=PEER, server=SERVER, trusted=("192.0.2.0/24",)):
    networks = [ipaddress.ip_network(network) for network in trusted]
    builder = EnvironBuilder({"wsgi.version": (1, 0)}, Limits(), HTTPS, networks)
    head = "\r\n".join((f"GET {target} HTTP/1.1", "Host: h:81", *lines, "", "")).encode()
    return builder.build(head, parse_request_fast(head), peer, server)


def test_an_environ_names_request_client_and_server():
    environ = build("/a%20b?c=%20")
    assert environ.pop("wsgi.input").read() == b""
    assert environ == {
        "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": "/a b", "QUERY_STRING": "c=%20",
        "RAW_URI": "/a%20b?c=%20", "SERVER_PROTOCOL": "HTTP/1.1", "SERVER_NAME": "198.51.100.1",
        "SERVER_PORT": "8080", "REMOTE_ADDR": "192.0.2.7", "REMOTE_PORT": "4711",
        "HTTP_HOST": "h:81", "wsgi.url_scheme": "http", "wsgi.version": (1, 0),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("target", "host", "path", "query"),
    [
        ("/a#b?c", "h:81", "/a", ""),
        ("//a//b?c?d", "h:81", "//a//b", "c?d"),
        ("http://other/a?b", "other", "/a", "b"),
        ("http://other:82", "other:82", "/", ""),
        ("http://other?b", "other", "/", "b"),
    ],
)
def test_targets(target, host, path, query):
    environ = build(target)
    found = environ["HTTP_HOST"], environ["PATH_INFO"], environ["QUERY_STRING"]
    assert found == (host, path, query)


@pytest.mark.parametrize("target", ["http:///a", "http://user@h/", "http://[::1/", "a/b://c"])
def test_targets_without_a_valid_host_are_refused(target):
    with pytest.raises(Refused):
        build(target)


@pytest.mark.parametrize(
    ("peer", "lines", "scheme"),
    [
        (PEER, ["X-Forwarded-Proto: https"], "https"),
        (PEER, ["X-Forwarded-Proto: http"], "http"),
        (PEER, ["X-Forwarded-Proto: https", "X-Forwarded-Ssl: on"], "https"),
        (("203.0.113.1", 1), ["X-Forwarded-Proto: https"], "http"),
        (("", ""), ["X-Forwarded-Proto: https"], "https"),
    ],
    ids=["trusted", "plain", "twice", "stranger", "Unix socket"],
)
def test_only_a_trusted_proxy_says_https(peer, lines, scheme):
    assert build("/", *lines, peer=peer)["wsgi.url_scheme"] == scheme


def test_proxies_that_disagree_are_refused():
    with pytest.raises(Refused):
        build("/", "X-Forwarded-Proto: https", "X-Forwarded-Ssl: off")


@pytest.mark.parametrize(
    ("target", "lines", "server"),
    [
        ("/", [], ("h", "81")),
        ("http://other/", [], ("other", "80")),
        ("http://[::1]/", ["X-Forwarded-Proto: https"], ("[::1]", "443")),
    ],
)
def test_behind_a_unix_socket_the_host_stands_in_for_the_server(target, lines, server):
    environ = build(target, *lines, peer=("", ""), server=None)
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == server


def test_request_headers_have_the_names_of_access_logs():
    assert request_headers(build("/", "User-Agent: a")) == [("HOST", "h:81"), ("USER-AGENT", "a")]
