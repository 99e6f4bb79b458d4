"""The examples for nginx and Caddy in front of a real redirect service, by real programs."""

import itertools
import os
import re
import shutil
import socket
import subprocess
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
from redis import Redis

from app.links.link import Link, encode
from app.links.targets import MAX_BYTES
from app.local.services import gunicorn_program
from app.processes.child import Child, Program
from app.stores.keys import link_key, link_uses_key
from tests.conftest import missing
from tests.support.certificates import self_signed
from tests.support.servers import environ_of, free_port
from tests.support.tcp_proxy import AnswerHoldingProxy

DEPLOY = Path(__file__).parents[2] / "deploy"
HOST = "go.example.com"
READY_SECONDS = 60
#: Any address of the loopback network is a visitor of its own.
VISITOR, OTHER_VISITOR = "127.0.0.2", "127.0.0.3"
BURST = 100
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
AS_BROWSER = ("--user-agent", BROWSER, "--write-out", "%{http_code}")
PLAIN = Link(code="demo1", target="https://a.example/x", created_ms=1, updated_ms=1)
LONG = replace(PLAIN, code="long1", target=f"https://a.example/?{'x' * 7_980}")
LARGEST = replace(
    PLAIN,
    code="largest1",
    target=f"https://a.example/?{'&' * (MAX_BYTES - 19)}",
    forward_query=True,
    cache_control=f"public, max-age=60, {'s' * 200}",
)
LINKS = (
    PLAIN,
    LARGEST,
    replace(PLAIN, code="once1", click_limit=1),
    LONG,
    replace(LONG, code="query1", forward_query=True),
)


@pytest.fixture
def children(tmp_path):
    """A function that starts programs and kills them at the end."""
    with ExitStack() as started:
        numbers = itertools.count()

        def start(program):
            child = Child(program, tmp_path / f"{program.name}-{next(numbers)}.log")
            child.spawn()
            started.callback(child.kill)
            child.wait_until_ready(READY_SECONDS)
            return child

        yield start


class Redirect(NamedTuple):
    """A redirect service with one worker, which knows one link without terms and one-time one.

    Attributes:
        redis: between it and Redis.
    """

    socket: Path
    pid: int
    redis: AnswerHoldingProxy

    def kill_worker(self):
        (worker,) = psutil.Process(self.pid).children()
        worker.kill()


@pytest.fixture
def between(redis_url):
    with AnswerHoldingProxy(urllib.parse.urlsplit(redis_url).port) as proxy:
        yield proxy


@pytest.fixture
def redirect(children, tmp_path, make_settings, redis_url, between):
    settings = make_settings(
        redis_url=f"redis://127.0.0.1:{between.port}/0",
        redirect_bind=f"unix:{tmp_path}/redirect.sock",
        redirect_workers=1,
        # The tests share their machine with others; slow answers are not what they are about.
        lookup_budget_ms=5000,
        record_budget_ms=5000,
        trusted_proxies=("unix:",),
    )
    given = {name: getattr(settings, name) for name in settings.model_fields_set}
    environ = environ_of(**{**given, "trusted_proxies": "unix:"})
    with Redis.from_url(redis_url) as client:
        for link in LINKS:
            client.set(link_key(link.code), encode(link))
    child = children(gunicorn_program("redirect", settings, environ))
    return Redirect(tmp_path / "redirect.sock", child.pid, between)


class Front:
    """A proxy that serves HTTPS on one port and HTTP on another."""

    def __init__(self, http, https):
        self.http, self.https = http, https

    def ask(self, path, *options, visitor=VISITOR, scheme="https"):
        """Return what curl was asked to write about one request."""
        port = self.https if scheme == "https" else self.http
        argv = ["curl", "--silent", "--insecure", "--interface", visitor, "--max-time", "10"]
        argv += ["--resolve", f"{HOST}:{port}:127.0.0.1", "--output", os.devnull, *options]
        done = subprocess.run(
            [*argv, f"{scheme}://{HOST}:{port}{path}"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.stdout

    def status(self, path, **where):
        return self.ask(path, "--write-out", "%{http_code}", **where)


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def nginx(children, tmp_path, redirect):
    program = shutil.which("nginx") or missing("nginx")
    certificate, key = self_signed(tmp_path, HOST)
    http, https = free_port(), free_port()
    ours = (DEPLOY / "nginx/hopline.conf").read_text()
    ours = re.sub(r"^ +listen \[::\].*$", "", ours, flags=re.MULTILINE)
    for theirs, here in {
        "/run/hopline/redirect.sock": redirect.socket,
        "listen 80;": f"listen 127.0.0.1:{http};",
        "listen 443 ssl": f"listen 127.0.0.1:{https} ssl",
        f"/etc/letsencrypt/live/{HOST}/fullchain.pem": certificate,
        f"/etc/letsencrypt/live/{HOST}/privkey.pem": key,
    }.items():
        assert theirs in ours
        ours = ours.replace(theirs, str(here))
    paths = "".join(
        f"{name}_temp_path {tmp_path}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = tmp_path / "nginx.conf"
    config.write_text(
        f"daemon off;\nworker_processes 1;\nerror_log stderr;\npid {tmp_path}/nginx.pid;\n"
        f"user root;\nevents {{}}\nhttp {{\naccess_log off;\n{paths}{ours}}}\n"
    )
    argv = (program, "-p", str(tmp_path), "-c", str(config))
    children(Program("nginx", argv, is_ready=lambda: listens(https)))
    return Front(http, https)


@pytest.fixture
def caddy(children, tmp_path, redirect):
    program = shutil.which("caddy") or missing("caddy")
    http, https = free_port(), free_port()
    ours = (DEPLOY / "caddy/Caddyfile").read_text()
    ours = ours.replace("/run/hopline/redirect.sock", str(redirect.socket))
    config = tmp_path / "Caddyfile"
    config.write_text(
        f"{{\nadmin off\nlocal_certs\nskip_install_trust\n"
        f"http_port {http}\nhttps_port {https}\n}}\n{ours}"
    )
    environ = {**os.environ, "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    argv = (program, "run", "--config", str(config), "--adapter", "caddyfile")
    front = Front(http, https)
    # It listens before it has made its certificate.
    children(Program("caddy", argv, environ, lambda: front.status("/-/ready") == "404"))
    return front


@pytest.fixture(params=["nginx", "caddy"])
def front(request):
    return request.getfixturevalue(request.param)


def test_a_link_is_followed_over_tls_and_http_2(front):
    said = front.ask("/demo1", "--http2", "--write-out", "%{http_version} %{redirect_url}")
    assert said == "2 https://a.example/x"


def test_a_visitor_over_http_is_sent_to_https(front):
    said = front.ask("/demo1", "--write-out", "%{redirect_url}", scheme="http")
    assert said.startswith(f"https://{HOST}")
    assert said.endswith("/demo1")


def test_the_longest_target_and_query_arrive(front):
    written = ("--write-out", "%{http_code} %{redirect_url}")
    assert front.ask("/long1", *written) == f"302 {LONG.target}"
    query = "y" * 7_900
    assert front.ask(f"/query1?{query}", *written) == f"302 {LONG.target}&{query}"


def test_the_largest_answers_arrive_and_what_is_too_long_is_said_to_be(front):
    longest = 8_190 - len("GET /largest1? HTTP/1.1")
    # nginx ends a connection of HTTP/2 whose head is beyond its buffers.
    for extra, statuses in ((0, {"302"}), (1, {"414"}), (30_000, {"414", "000"})):
        query = "|" * (longest + extra)
        for version in ("--http1.1", "--http2"):
            written = (version, "--write-out", "%{http_code} %{redirect_url}")
            status, _, location = front.ask(f"/largest1?{query}", *written).partition(" ")
            assert status in statuses
            assert location == ("" if extra else LARGEST.target + query.replace("|", "%7C"))
    page = front.ask("/largest1+", "--write-out", "%{http_code} %{size_download}")
    assert page.startswith("200 ")
    assert int(page[4:]) > 2 * len("&amp;") * 7_900


def test_what_arrives_at_a_proxy_is_answered_as_by_hopline(front):
    raw = ("--path-as-is", "--globoff", "--write-out", "%{http_code}")
    for ending in ("/", ".", ")", "%20", "%22", "%0A", "%E2%80%8B", "&utm=x", "%3Fu=x"):
        assert front.ask(f"/demo1{ending}", *raw) == "302"
        assert front.ask(f"/demo1{ending}", "--head", *raw) == "302"
        assert front.ask(f"/demo1+{ending}", *raw) == "200"
    for method, status in (("BREW", "501"), ("PURGE", "501"), ("POST", "405")):
        assert front.ask("/demo1", "--request", method, *raw) == status


def test_the_visitors_own_address_is_recorded_whatever_they_claim(front, redis_url):
    claims = ("--header", "X-Forwarded-For: 6.6.6.6", "--header", "Forwarded: for=6.6.6.6")
    assert front.ask("/demo1", *claims, "--write-out", "%{http_code}") == "302"
    with Redis.from_url(redis_url) as client:
        ((_, fields),) = client.xrange("clicks:stream")
    assert fields[b"ip"] == VISITOR.encode()


def test_the_connection_to_the_redirect_is_kept(front, redirect):
    for _ in range(10):
        assert front.status("/demo1") == "302"
    kept = [
        connection
        for process in psutil.process_iter()
        if "gunicorn: worker" in name_of(process)
        for connection in process.net_connections("unix")
        if connection.laddr == str(redirect.socket) and connection.type == socket.SOCK_STREAM
    ]
    # The listening socket is one of them. One visitor after another needs one connection.
    assert len(kept) == 2


@pytest.mark.parametrize(
    ("code", "awaited", "tries"),
    [("demo1", b"XADD", 2), ("once1", b"XADD", 2), ("once1", b"links:uses:once1", 1)],
    ids=["click", "click of a limited link", "use"],
)
def test_a_visit_is_one_click_and_one_use_though_a_worker_dies_before_its_answer(
    front, redirect, redis_url, code, awaited, tries
):
    # nginx asks again only where the connection was used before.
    assert front.status("/demo1") == "302"
    redirect.redis.arm(awaited)
    with ThreadPoolExecutor(1) as visitor:
        status = visitor.submit(front.ask, f"/{code}", *AS_BROWSER)
        assert redirect.redis.held.wait(60)
        redirect.kill_worker()
        redirect.redis.released.set()
        assert status.result(timeout=60) == "302"
    with Redis.from_url(redis_url) as client:
        entries = [fields for _, fields in client.xrange("clicks:stream")]
        assert client.get(link_uses_key(code)) == (b"1" if code == "once1" else None)
    _, *ours = entries
    assert len(ours) == tries
    assert all(entry == ours[0] for entry in ours)
    assert front.ask("/once1", *AS_BROWSER) == ("410" if code == "once1" else "302")


def test_two_visits_are_two_clicks_whatever_the_visitor_calls_them(front, redis_url):
    named = ("--header", "X-Request-ID: same", "--header", "X-Request-Start: t=1800000000.000")
    for _ in range(2):
        assert front.ask("/demo1", *named, "--write-out", "%{http_code}") == "302"
    with Redis.from_url(redis_url) as client:
        ids = {fields[b"click_id"] for _, fields in client.xrange("clicks:stream")}
    assert len(ids) == 2


def test_what_is_for_probes_is_not_for_visitors_however_they_write_it(front):
    for path in ("/-/ready", "/%2d/ready", "//-/ready", "/x/../-/live", "/-%2fready", "/./-/live/"):
        assert front.ask(path, "--path-as-is", "--write-out", "%{http_code}") == "404"


def test_the_page_by_which_somebody_is_not_counted_is_for_visitors(front):
    path = "/-/dont-count-me"
    assert front.ask(path, "--write-out", "%{http_code}").endswith("200")
    sent = ("--data", "", "--header", "Sec-Fetch-Site: same-origin", "--dump-header", "-")
    assert "hopline_own=1" in front.ask(path, *sent)


def test_nginx_slows_down_one_visitor_and_no_other(nginx):
    # One curl, as fast as it can; its query makes a range of URLs.
    wanted = f"/demo1?[1-{2 * BURST}]"
    statuses = nginx.ask(wanted, "--write-out", "%{http_code}\n").split()
    assert set(statuses) == {"302", "429"}
    assert statuses.count("302") >= BURST
    assert nginx.status("/demo1", visitor=OTHER_VISITOR) == "302"


def name_of(process):
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
