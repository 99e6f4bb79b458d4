"""Every peer that can run here does the work that the comparison claims."""

import http.client
import sys

import pytest

from app.processes.child import ChildFailed
from loadtest.bench.load import requests
from loadtest.bench.load.seed import seed
from loadtest.bench.machine.placement import available_cores
from loadtest.bench.machine.redis_server import STREAM, running_redis
from loadtest.bench.servers.server import Command, Launcher, running_server
from loadtest.bench.servers.variants import VARIANTS, select
from loadtest.common.ports import free_port
from loadtest.common.processes import tree

CORES = tuple(available_cores())
HERE = [variant for variant in VARIANTS if not variant.absent()]
STUBBORN = """
import http.server, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
class Redirect(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(302)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Redirect).serve_forever()
"""
ADR_FIELDS = {b"short_code", b"timestamp", b"ip", b"user_agent", b"referer", b"original_url"}


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    with running_redis(tmp_path_factory.mktemp("redis"), CORES) as server:
        seed(server.url, server.client)
        yield server


def get(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers=requests.HEADERS)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response


@pytest.mark.parametrize("variant", HERE, ids=lambda variant: variant.name)
def test_a_variant_redirects_and_records(variant, redis, tmp_path):
    with Launcher(redis, tmp_path).launch(variant, CORES) as server:
        redis.forget_clicks()
        response = get(server.port, "/bench0")
        unknown = get(server.port, "/nothing-here")
    assert response.status == 302
    assert response.headers["Location"] == requests.target("bench0")
    assert response.headers["Cache-Control"].replace(" ", "") == "private,max-age=0,no-store"
    clicks = redis.client.xrange(STREAM)
    assert len(clicks) == int(variant.records)
    for _, click in clicks:
        assert set(click) >= ADR_FIELDS
        assert click[b"short_code"] == b"bench0"
        assert click[b"original_url"].decode() == requests.target("bench0")
        assert click[b"user_agent"].decode() == requests.HEADERS["User-Agent"]
        assert click[b"referer"].decode() == requests.HEADERS["Referer"]
    assert unknown.status == (404 if variant.records else 302)


def test_what_the_comparison_cannot_do_without_is_here():
    assert {"fast-lane", "falcon-lane", "stock", "fastapi"} <= {each.name for each in HERE}


def test_variants_are_selected_by_name_in_the_tables_order():
    assert [each.name for each in select("nginx, stock")] == ["stock", "nginx"]
    assert select(None) == list(VARIANTS)


def test_an_unknown_variant_is_refused_with_those_that_exist():
    with pytest.raises(ValueError, match=r"no variant 'apache'; there are fast-lane, .*nginx"):
        select("stock,apache")


def test_a_missing_program_is_a_reason(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert select("fastify")[0].absent() == "no node, npm on PATH"
    assert select("nginx-lua")[0].absent() == "no nginx on PATH"
    assert select("go")[0].absent() == "no go on PATH"


def test_a_server_that_ends_is_reported_with_its_log(tmp_path):
    command = Command(["sh", "-c", "echo no such port; exit 3"])
    with (
        pytest.raises(ChildFailed, match="no such port"),
        running_server(command, 1, "/", CORES, tmp_path),
    ):
        pass


def test_a_server_that_ignores_the_signal_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr("loadtest.bench.servers.server._STOP_SECONDS", 0.3)
    port = free_port()
    command = Command([sys.executable, "-c", STUBBORN, str(port)])
    with running_server(command, port, "/", CORES, tmp_path) as server:
        assert [process.pid for process in tree(server.pid)] == [server.pid]
    assert tree(server.pid) == []
