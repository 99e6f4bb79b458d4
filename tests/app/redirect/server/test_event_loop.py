"""What a client sees, over raw sockets, against real gunicorn processes."""

import json
import socket
import time

import pytest

from tests.support.server.echo import FAILS
from tests.support.server.raw_client import Reader, Truncated, ask, get


@pytest.mark.parametrize("path", ["/f1", "/l1", "/w1"], ids=["fast", "fast later", "WSGI"])
def test_a_request_split_at_any_byte_is_answered_all_the_same(server, path):
    request = get(path, "User-Agent: split", "Accept: */*")
    socks = []
    for at in range(1, len(request)):
        sock = server.connect()
        sock.sendall(request[:at])
        socks.append((sock, request[at:]))
    for sock, rest in socks:
        sock.sendall(rest)
    for sock, _ in socks:
        with sock:
            assert Reader(sock).next().token == path


def test_a_request_sent_byte_by_byte_is_answered(server):
    with server.connect() as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in get("/f2"):
            sock.send(bytes([byte]))
            time.sleep(0.0005)
        assert Reader(sock).next().token == "/f2"


def test_pipelined_requests_are_answered_in_order_whichever_lane_and_however_slow(server):
    paths = [f"/{lane}{number}" for number in range(30) for lane in ("l", "f", "w", "slow/0.01/")]
    answers = ask(server, b"".join(get(path) for path in paths))
    assert [answer.token for answer in answers] == paths


def test_pipelined_requests_split_anywhere_are_answered_in_order(server):
    paths = ["/f1", "/w2", "/l3"]
    data = b"".join(get(path) for path in paths)
    for at in range(1, len(data), 3):
        with server.connect() as sock:
            sock.sendall(data[:at])
            time.sleep(0.001)
            sock.sendall(data[at:])
            reader = Reader(sock)
            assert [reader.next().token for _ in paths] == paths


@pytest.mark.parametrize("path", ["/f", "/w"], ids=["fast", "WSGI"])
@pytest.mark.parametrize(
    ("version", "line", "stays", "says"),
    [
        ("1.1", "X: y", True, None),
        ("1.1", "Connection: keep-alive", True, None),
        ("1.1", "Connection: close", False, "close"),
        ("1.1", "Connection: Close", False, "close"),
        ("1.1", "Connection: close\r\nConnection: keep-alive", False, "close"),
        ("1.1", "Connection: keep-alive\r\nX: y\r\nConnection: x, Close", False, "close"),
        ("1.1", "Connection: keep-alive\r\nConnection: keep-alive", True, None),
        ("1.1", "Connection: closed", True, None),
        ("1.1", "Connection: not-close, x", True, None),
        ("1.1", "Connection: x,\tclose", False, "close"),
        ("1.0", "Connection: x, Keep-Alive", True, "keep-alive"),
        ("1.0", "Connection: keep-alive, close", False, "close"),
        ("1.0", "Connection: keep-alives", False, "close"),
        ("1.0", "X: y", False, "close"),
        ("1.0", "Connection: close", False, "close"),
        ("1.0", "Connection: Keep-Alive", True, "keep-alive"),
    ],
)
def test_a_connection_stays_open_as_the_request_says(server, path, version, line, stays, says):
    with server.connect() as sock:
        sock.sendall(get(path, line, version=version))
        reader = Reader(sock)
        assert reader.next().headers.get("connection") == says
        if stays:
            sock.sendall(get(path))
            assert reader.next().status == 302
        else:
            assert reader.next() is None


def test_every_answer_says_who_and_when(server):
    for path in ("/f", "/w", "/stream"):
        (answer,) = ask(server, get(path))
        assert answer.headers["server"] == "hopline"
        assert answer.headers["date"].endswith(" GMT")


SAME = {
    "escapes": get("/show/a%20b%2Fc?d=%20e"),
    "plus and semicolon": get("/show/a+b;c?d+e"),
    "double slash": get("/show//a//b?c"),
    "dots": get("/show/../a/./b"),
    "fragment": get("/show/a#b?c"),
    "question marks": get("/show/a?b?c"),
    "repeated header": get("/show/", "X-A: 1", "X-A: 2"),
    "header with underscore": get("/show/", "X_A: 1", "X-A: 2"),
    "obs-text": b"GET /show/ HTTP/1.1\r\nHost: h\r\nX-A: \xe9\r\n\r\n",
    "padding": get("/show/", "X-A: \t a b \t"),
    "empty header": get("/show/", "X-A:"),
    "content type": get("/show/", "Content-Type: a/b", "Content-Length: 0"),
    "HTTP/1.0 without Host": b"GET /show/ HTTP/1.0\r\n\r\n",
    "empty line first": b"\r\n" + get("/show/"),
    "spaces in the request line": b"GET  /show/  HTTP/1.1\r\nHost: h\r\n\r\n",
    "proxy says https": get("/show/", "X-Forwarded-Proto: https"),
    "proxy says http": get("/show/", "X-Forwarded-Proto: http"),
    "proxies disagree": get("/show/", "X-Forwarded-Proto: http", "X-Forwarded-Ssl: on"),
    "options": get("/show/", method="OPTIONS"),
    "options of all": get("*", method="OPTIONS"),
    "unknown method": get("/show/", method="PROPFIND"),
    "post": get("/read", "Content-Length: 3", method="POST") + b"abc",
    "post in chunks": get("/read", "Transfer-Encoding: chunked", method="POST")
    + b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX: y\r\n\r\n",
    "post that is announced": get("/read", "Content-Length: 3", "Expect: 100-continue",
                                  method="POST") + b"abc",
    "unknown expectation": get("/read", "Expect: more"),
    "upgrade": get("/show/", "Connection: upgrade", "Upgrade: h2c"),
    "tunnel": b"CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n",
}  # fmt: skip

_PER_CONNECTION = ("REMOTE_PORT", "SERVER_PORT")


@pytest.mark.parametrize("data", SAME.values(), ids=SAME.keys())
def test_an_application_sees_what_it_would_see_behind_gunicorns_own_worker(server, stock, data):
    seen = []
    for each in (server, stock):
        (answer,) = ask(each, data)
        body = answer.body
        if answer.headers.get("content-type") == "application/json":
            body = {k: v for k, v in json.loads(body).items() if k not in _PER_CONNECTION}
        seen.append((answer.status, body if answer.status < 400 else None))
    assert seen[0] == seen[1]


def test_the_host_of_an_absolute_target_stands_in_for_the_header(server):
    (answer,) = ask(server, b"GET http://other:81/show/a?b=c HTTP/1.1\r\nHost: h\r\n\r\n")
    seen = json.loads(answer.body)
    assert (seen["HTTP_HOST"], seen["PATH_INFO"], seen["QUERY_STRING"]) == (
        "other:81", "/show/a", "b=c",
    )  # fmt: skip


def test_head_has_the_headers_and_no_body(server):
    head = get("/whole/10", method="HEAD")
    answers = ask(server, head + get("/write", method="HEAD") + get("/f3"), heads=2)
    assert [answer.status for answer in answers] == [200, 200, 302]
    assert answers[2].token == "/f3"


def test_a_body_that_comes_bit_by_bit_is_chunked_or_ends_with_the_connection(server):
    body = b"block 0\nblock 1\nblock 2\n"
    chunked, after = ask(server, get("/stream") + get("/f"))
    assert (chunked.headers["transfer-encoding"], chunked.body, after.status) == (
        "chunked", body, 302,
    )  # fmt: skip
    (closed,) = ask(server, get("/stream", "Connection: keep-alive", version="1.0"))
    assert (closed.headers["connection"], closed.body) == ("close", body)


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/write", 200, b"one two three"),
        ("/long", 200, b"four"),
        ("/none", 204, b""),
        ("/mended", 503, b"busy"),
        ("/connection", 200, b"ok"),
    ],
)
def test_applications_may_answer_in_all_ways_of_wsgi(server, path, status, body):
    answer, after = ask(server, get(path) + get("/f"))
    assert (answer.status, answer.body, after.status) == (status, body, 302)


def test_no_content_has_no_length(server):
    assert "content-length" not in ask(server, get("/none"))[0].headers


def test_an_answer_shorter_than_it_says_ends_the_connection(server):
    with pytest.raises(Truncated):
        ask(server, get("/short") + get("/f"))


@pytest.mark.parametrize("path", ["/boom", "/leave", "/split", "/refused"])
def test_a_failing_application_is_500_and_the_worker_goes_on(server, path):
    before = server.workers()
    assert [answer.status for answer in ask(server, get(path) + get("/f"))] == [500]
    assert server.workers() == before


def test_a_failure_in_the_middle_breaks_the_answer_off(server):
    try:
        answers = ask(server, get("/late-boom") + get("/f"))
    except Truncated:
        return
    assert answers == []


def test_a_failing_fast_lane_leaves_the_request_to_wsgi(server):
    path = FAILS.decode()
    assert ask(server, get(path))[0].token == path
    assert "the fast lane failed" in server.log


@pytest.mark.parametrize("path", ["/big/30000000", "/whole/30000000"], ids=["in blocks", "whole"])
def test_a_client_that_reads_slowly_gets_everything_and_holds_nobody_up(server, path):
    with server.connect() as sock:
        sock.sendall(get(path) + get("/f9"))
        for number in range(20):
            assert ask(server, get(f"/f{number}"))[0].token == f"/f{number}"
        reader = Reader(sock)
        assert len(reader.next().body) == 30_000_000
        assert reader.next().token == "/f9"


def test_a_client_that_sends_without_reading_is_no_longer_read(server):
    with server.connect() as sock:
        sock.settimeout(1)
        with pytest.raises(TimeoutError):
            sock.sendall(get("/whole/100000") * 500_000)
        assert ask(server, get("/f1"))[0].token == "/f1"


def test_one_pipelining_client_does_not_hold_up_the_others(server):
    with server.connect() as greedy:
        greedy.sendall(get("/f") * 500)
        for _ in range(20):
            assert ask(server, get("/f1"))[0].token == "/f1"
        reader = Reader(greedy)
        assert all(reader.next().status == 302 for _ in range(500))


def test_a_client_that_leaves_while_its_request_is_at_work_does_no_harm(server):
    before = len(server.log)
    for path in ("/slow/0.1/", "/l12345", "/big/9000000"):
        for _ in range(10):
            with server.connect() as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                sock.sendall(get(path))
    time.sleep(0.2)
    assert ask(server, get("/f1"))[0].token == "/f1"
    assert "Traceback" not in server.log[before:]


def test_an_announced_body_is_asked_for(server):
    with server.connect() as sock:
        sock.sendall(get("/read", "Content-Length: 3", "Expect: 100-continue", method="POST"))
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"abc")
        assert Reader(sock).next().body == b"abc"


def test_the_answer_to_a_body_nobody_reads_arrives(server):
    body = b"x" * 500_000
    data = get("/w", f"Content-Length: {len(body)}", method="POST") + body
    with server.connect() as sock:
        sock.sendall(data)
        answer = Reader(sock).next()
    assert (answer.status, answer.headers["connection"]) == (302, "close")
