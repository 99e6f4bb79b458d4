"""The reference configuration for Redis and Valkey: all of Hopline runs through its ACL users."""

import re
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import redis
from redis import Redis

from app.clicks.click import Click, new_click_id, to_fields
from app.local.valkey import valkey_binary
from app.processes.child import Program
from app.redirect.redis.resp import encode_command
from app.redirect.spool.file import SpoolFile
from app.stores.redis.client import connect
from tests.conftest import missing
from tests.support.deploy.stores import only_users
from tests.support.redirect_servers import RedirectServer
from tests.support.servers import Server, redis_server_7
from tests.support.worker_processes import Workers, wait_until

FOLDER = Path(__file__).parents[2] / "deploy" / "redis"
PASSWORD = "for-tests-only"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
BINARIES = {"valkey": valkey_binary, "redis7": redis_server_7}


class ConfiguredRedis(Server):
    """A server that reads our two files, with passwords and a port of the test's."""

    def __init__(self, directory, binary):
        super().__init__(lambda at, port: _program(binary, at, port), directory)

    def url(self, user):
        return f"redis://{user}:{PASSWORD}@127.0.0.1:{self.port}/0"

    def connect(self, user):
        return Redis.from_url(self.url(user), decode_responses=True)

    def forget_refusals(self):
        with self.connect("operator") as client:
            client.acl_log_reset()

    def refusals(self):
        with self.connect("operator") as client:
            return [(one["username"], one["reason"], one["object"]) for one in client.acl_log()]


def _program(binary, directory, port):
    users = re.sub(r"CHANGE-ME-\w+", PASSWORD, (FOLDER / "hopline-users.conf").read_text())
    (directory / "users.acl").write_text(only_users(users))
    ours = (FOLDER / "hopline.conf").read_text()
    ours = ours.replace("/etc/redis/hopline-users.acl", str(directory / "users.acl"))
    (directory / "redis.conf").write_text(f"dir {directory}\nport {port}\n{ours}")
    argv = (str(binary), str(directory / "redis.conf"))
    return Program("redis", argv, is_ready=lambda: _answers(port))


def _answers(port):
    try:
        with Redis(port=port, username="operator", password=PASSWORD) as client:
            return client.ping()
    except redis.RedisError:
        return False


@pytest.fixture(params=BINARIES, scope="module")
def server(request, tmp_path_factory):
    binary = BINARIES[request.param]() or missing(request.param)
    with ConfiguredRedis(tmp_path_factory.mktemp("redis") / "redis", binary) as started:
        yield started


def get(url):
    request = urllib.request.Request(url, headers={"User-Agent": BROWSER})
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


@pytest.fixture
def settings(server, migrated_url, make_settings, tmp_path):
    return make_settings(
        redis_url=server.url("hopline"),
        clickhouse_url=migrated_url,
        consumers=1,
        insert_seconds=0.2,
        claim_idle_seconds=1.0,
        public_url="https://go.example.com",
        data_dir=tmp_path / "redirect",
    )


@pytest.mark.parametrize(
    ("shards", "streams"), [(1, ["clicks:stream"]), (2, ["clicks:stream", "clicks:stream:{ly}"])]
)
def test_all_of_hopline_runs_through_users_with_few_rights(
    server, settings, hopline, tmp_path, monkeypatch, shards, streams
):
    server.forget_refusals()
    plain, limited = f"plain{shards}", f"limited{shards}"
    monkeypatch.setenv("HOPLINE_STREAM_SHARDS", str(shards))
    settings = type(settings)(
        **settings.model_dump(include=settings.model_fields_set - {"consumers"}),
        stream_shards=shards,
        consumers=1 if shards == 1 else shards + 1,
    )
    hopline("links", "add", "https://example.com/a", "--code", plain, "--tag", "autumn")
    hopline("links", "add", "https://example.com/b", "--code", limited, "--limit", "2")
    with (
        RedirectServer(
            tmp_path / "redirect", server.url("hopline-redirect"), stream_shards=shards
        ) as redirect,
        Workers(settings, tmp_path / "workers.log") as workers,
    ):
        asked = [get(f"{redirect.url}/{code}") for code in (plain, limited, limited)]
        assert asked == [302, 302, 302]
        assert get(f"{redirect.url}/{limited}") == 410
        with server.connect("hopline") as client:
            for stream in streams:
                client.xadd(stream, {"nothing": "that is a click"})
        wait_until(lambda: '"clicks": 1' in hopline("stats", plain, "--json"), 60)
        # One was requeued by the run before, and died again.
        wait_until(lambda: len(hopline("dead", "list").splitlines()) > len(streams), 60)
        do_everything(hopline, tmp_path, plain, limited)
        # Killed, so that a successor takes over what maintenance then cleans up.
        workers.consumers()[0].kill()
        wait_until(lambda: len(workers.consumers()) == settings.consumers, 60)
        hopline("workers", "status")
        assert workers.stop() == 0
    assert server.refusals() == []


def _spooled(code):
    time_ms = time.time_ns() // 1_000_000
    click = Click(new_click_id(time_ms, bytes(10)), code, time_ms // 1000, "", "", "", "https://a/")
    fields = [text.encode() for pair in to_fields(click).items() for text in pair]
    return click.click_id, encode_command(b"XADD", b"clicks:stream", b"*", *fields)


def do_everything(hopline, tmp_path, plain, limited):
    """Run each command that speaks to Redis."""
    hopline("links", "show", limited)
    hopline("links", "list", "--tag", "autumn")
    hopline("links", "update", plain, "--tag", "winter")
    hopline("links", "disable", plain)
    hopline("links", "enable", plain)
    exported = tmp_path / "links.csv"
    hopline("links", "export", str(exported))
    hopline("links", "import", str(exported))
    hopline("links", "rm", plain)
    letter = hopline("dead", "list").splitlines()[1].split("\t")[0]
    hopline("dead", "show", letter)
    hopline("dead", "requeue", letter)
    # What somebody else put into the stream was accepted by nobody, and it says so.
    hopline("audit", codes=(0, 1))
    file = SpoolFile(tmp_path / "lost", 1 << 30)
    file.write([_spooled(plain)])
    file.close()
    hopline("spool", "import", str(tmp_path / "lost"))
    hopline("replay", "--since", "1h")
    hopline("webhooks", "add", "https://hooks.example/", "--event", "link.created")
    hopline("backup", str(tmp_path / "backup"))
    hopline("restore", str(tmp_path / "backup"))


@pytest.mark.parametrize(
    "command",
    ["SET link:x 1", "DEL link:x", "DEL clicks:stream", "XRANGE clicks:stream - +",
     "XTRIM clicks:stream MAXLEN 0", "XREADGROUP GROUP g c STREAMS clicks:stream >",
     "XRANGE clicks:dead - +", "XRANGE clicks:dead:purged - +", "XINFO STREAM clicks:dead",
     "XREVRANGE clicks:stream + -", "XREAD STREAMS clicks:stream 0", "XDEL clicks:stream 1-1",
     "XACK clicks:stream analytics-group 1-1", "XSETID clicks:stream 9-9", "COPY clicks:stream x",
     "DUMP clicks:stream", "RENAME clicks:stream x", "EXPIRE clicks:stream 1",
     "XGROUP DESTROY clicks:stream analytics-group", "INCR link:x", "ZADD link:x 1 a",
     "EXPIRE links:uses:a 1", "DEL links:uses:a", "SET links:uses:a 0",
     "ZREM {links:uses:a}:spent b", "DEL {links:uses:a}:spent",
     "XRANGE clicks:stream:{u0} - +", "XADD clicks:dead:{u0} * a b", "DEL clicks:stream:{u0}",
     "XADD clicks:stream:{u0}:analytics-group:ledger:gaps * a b",
     "HGETALL {clicks:stream}:analytics-group:ledger", "CLIENT LIST", "BGREWRITEAOF",
     "XADD other * a b", "KEYS *", "CONFIG GET *", "FLUSHALL", "GET visitors:salt:2026-01-01",
     "ACL LIST", "SHUTDOWN", "MONITOR"],
)  # fmt: skip
def test_what_the_public_service_has_no_right_to_is_refused(server, command):
    with (
        server.connect("hopline-redirect") as client,
        pytest.raises(redis.exceptions.NoPermissionError),
    ):
        client.execute_command(*command.split())


def test_what_can_not_be_kept_from_the_public_service_is_as_its_file_says(server):
    with server.connect("operator") as operator:
        operator.delete("clicks:stream", "links:uses:limited")
        operator.xadd("clicks:stream", {"ip": "203.0.113.7"})
        with server.connect("hopline-redirect") as client:
            shown = client.execute_command("XINFO", "STREAM", "clicks:stream", "FULL", "COUNT", 0)
            assert "203.0.113.7" in str(shown)
            client.execute_command("XADD", "clicks:stream", "MAXLEN", 0, "*", "a", "b")
            assert client.execute_command("INCR", "links:uses:limited") == 1
        assert operator.xlen("clicks:stream") == 0
        operator.delete("clicks:stream", "links:uses:limited")
    text = " ".join((FOLDER / "hopline-users.conf").read_text().replace("#", "").split())
    for said in ("XINFO STREAM", "with FULL all of them", "MAXLEN 0", "INCR"):
        assert said in text


def test_the_public_service_may_wait_for_replicas(server):
    with server.connect("hopline-redirect") as client:
        assert client.wait(0, 1) == 0


def test_the_others_may_weigh_dead_letters_and_have_redis_forget_on_disk(server):
    with server.connect("operator") as client:
        for command in ("MEMORY USAGE clicks:dead SAMPLES 0", "BGREWRITEAOF"):
            dry = client.execute_command("ACL", "DRYRUN", "hopline", *command.split())
            assert dry == "OK", command


@pytest.mark.parametrize(
    "command",
    ["KEYS *", "CONFIG SET maxmemory 1", "FLUSHALL", "FLUSHDB", "ACL LIST", "SHUTDOWN", "MONITOR",
     "REPLICAOF a 1", "SET elsewhere 1", "SCRIPT FLUSH", "CLIENT LIST"],
)  # fmt: skip
def test_the_others_have_no_say_in_the_server(server, command):
    with server.connect("hopline") as client, pytest.raises(redis.exceptions.NoPermissionError):
        client.execute_command(*command.split())


@pytest.mark.parametrize("who", ["", "hopline:guessed@", "default:@"])
def test_nobody_gets_in_without_a_password(server, who):
    url = f"redis://{who}127.0.0.1:{server.port}/0"
    with connect(url, timeout_seconds=30) as client, pytest.raises(redis.AuthenticationError):
        client.ping()


def test_a_server_whose_configuration_was_written_anew_starts_again(server):
    with server.connect("operator") as client:
        client.config_rewrite()
    server.restart()
    with server.connect("hopline") as client:
        assert client.ping()


def test_what_keeps_clicks_safe_is_in_force(server):
    with server.connect("operator") as client:
        held = client.config_get("*")
    assert (held["appendonly"], held["appendfsync"]) == ("yes", "everysec")
    assert held["maxmemory-policy"] == "noeviction"
    assert int(held["maxmemory"]) > 0
    assert int(held["stream-node-max-entries"]) > 0
