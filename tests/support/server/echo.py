"""Small applications for the worker to serve; each answer says which request it is for."""

import gc
import json
import os
import sys
import time
from pathlib import Path
from wsgiref.validate import validator

import falcon
import gevent

FAILS = b"/fails-in-the-fast-lane"  # so long that no path of the fuzzer's is changed into it


def echo(environ, start_response):
    """A WSGI application whose paths are the ways in which applications answer."""
    _, name, *rest = environ["PATH_INFO"].split("/")
    return WAYS.get(name, redirect)(environ, start_response, *rest)


def redirect(environ, start_response, *_):
    location = "https://example.com" + environ["PATH_INFO"]
    start_response("302 Found", [("Location", location), ("Content-Type", "text/plain")])
    return [b""]


def slow(environ, start_response, seconds="0.1", *_):
    gevent.sleep(float(seconds))
    return redirect(environ, start_response)


def nap(environ, start_response, *_):
    gevent.sleep(0.002)
    return redirect(environ, start_response)


def show(environ, start_response, *_):
    shown = {key: value for key, value in environ.items() if isinstance(value, str)}
    body = json.dumps(shown).encode()
    start_response("200 OK", [("Content-Type", "application/json")])
    return [body]


def collects(_environ, start_response, *_):
    start_response("200 OK" if gc.isenabled() else "503 Service Unavailable", [])
    return []


def read(environ, start_response, *_):
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def stream(_environ, start_response, blocks="3", *_):
    start_response("200 OK", [("Content-Type", "text/plain")])
    for number in range(int(blocks)):
        yield b"block %d\n" % number
        gevent.sleep(0)


def big(_environ, start_response, size="1000000", *_):
    start_response("200 OK", [("Content-Length", size)])
    left = int(size)
    while left > 0:
        block = b"x" * min(left, 10_000)
        left -= len(block)
        yield block


def whole(_environ, start_response, size="1000000", *_):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"x" * int(size)]


def write(_environ, start_response, *_):
    write = start_response("200 OK", [])
    write(b"one ")
    write(b"two ")
    return [b"three"]


def short(_environ, start_response, *_):
    start_response("200 OK", [("Content-Length", "10")])
    return [b"four"]


def long(_environ, start_response, *_):
    start_response("200 OK", [("Content-Length", "4")])
    return iter([b"fo", b"ur and more"])


def none(_environ, start_response, *_):
    start_response("204 No Content", [("Content-Length", "0")])
    return []


def boom(_environ, _start_response, *_):
    raise ValueError("boom")


def leave(_environ, _start_response, *_):
    raise SystemExit(3)


def late_boom(_environ, start_response, *_):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"begun"
    raise ValueError("boom")


def mended(_environ, start_response, *_):
    start_response("200 OK", [("X-Kept", "no")])
    try:
        raise ValueError
    except ValueError as error:
        start_response("503 Busy", [], (ValueError, error, error.__traceback__))
    return [b"busy"]


def split(_environ, start_response, *_):
    start_response("302 Found", [("Location", "https://example.com/\r\nSet-Cookie: a=b")])
    return [b""]


def connection(_environ, start_response, *_):
    start_response("200 OK", [("Connection", "close"), ("Transfer-Encoding", "x"), ("X-A", "b")])
    return [b"ok"]


def refused(_environ, _start_response, *_):
    raise ConnectionRefusedError("a store of the application's is away")


WAYS = {
    way.__name__.replace("_", "-"): way
    for way in (
        slow, nap, show, collects, read, stream, big, whole, write, short, long, none, boom, leave,
        late_boom, mended, split, connection, refused,
    )
}  # fmt: skip


class Quick:
    """The echo application with a fast lane for GET of /f1 (at once) and /l1 (a little later)."""

    def __call__(self, environ, start_response):
        return echo(environ, start_response)

    @property
    def fast_lane(self):
        return _FastEcho()


class _FastEcho:
    def __init__(self):
        self.positions = {b"host": 0}

    def __call__(self, path, _query, _values, _peer, reply):
        if path == FAILS:
            raise ValueError("the fast lane fails")
        way = path[:2]
        if way not in (b"/f", b"/l") or path[2:3].isalpha():
            return False
        rest = b"Location: https://example.com%b\r\nContent-Length: 0\r\n\r\n" % path
        if way == b"/l":
            gevent.spawn_later(len(path) % 7 / 500, reply, b"HTTP/1.1 302 Found\r\n", rest)
        else:
            reply(b"HTTP/1.1 302 Found\r\n", rest)
        return True


class _Redirect:
    def on_get(self, _req, resp, code):
        resp.status = falcon.HTTP_302
        resp.set_header("Location", "https://example.com/" + code)


def slow_to_load(held):
    """Return an application that says which worker answers; it loads until a file is gone."""
    if Path(held).exists():
        sys.stderr.write("loads slowly\n")
        sys.stderr.flush()
    while Path(held).exists():
        time.sleep(0.05)  # not at one go, for signals are heard between two instructions
    return _who


def _who(_environ, start_response):
    start_response("302 Found", [("Location", f"https://example.com/{os.getpid()}")])
    return [b""]


quick = Quick()
with_falcon = falcon.App()
with_falcon.add_route("/{code}", _Redirect())
validated = validator(echo)
