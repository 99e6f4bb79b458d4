"""An address that should be gone is in no place any more: every file of an installation is read."""

import http.client
import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ResponseError

from app.links.link import Link, encode
from app.stores.clickhouse.connection import connect
from app.stores.keys import link_key
from app.webhooks.delivery import unpack
from app.webhooks.webhook import keys_of
from tests.support.receivers import answering, receiver
from tests.support.redirect_servers import RedirectServer
from tests.support.traces import contents, files_with, traces_in
from tests.support.worker_processes import Workers, wait_until
from tests.support.workers.deliverer import add_webhook

STREAM = "clicks:stream"
#: In no other test, and nowhere else in what is written.
ADDRESS = "198.51.100.213"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
HORIZON_SECONDS = 3600.0


@pytest.fixture
def redirect(valkey, tmp_path):
    with Redis.from_url(valkey.url) as client:
        # Else what is in a snapshot would be there in pieces.
        client.config_set("rdbcompression", "no")
        for code in ("abc", "other"):
            link = Link(code=code, target="https://example.com/", created_ms=1, updated_ms=1)
            client.set(link_key(code), encode(link))
        client.xgroup_create(STREAM, "analytics-group", "0", mkstream=True)
    server = RedirectServer(
        tmp_path / "redirect", valkey.url, trusted_proxies="127.0.0.1/32", redirect_workers=1
    )
    with server:
        yield server


@pytest.fixture
def settings(valkey, clickhouse, make_settings, tmp_path):
    return make_settings(
        redis_url=valkey.url,
        clickhouse_url=clickhouse.url("hopline"),
        data_dir=tmp_path / "workers",
        spool_dir=tmp_path / "redirect" / "spool",
        consumers=1,
        insert_seconds=0.2,
        replay_horizon_seconds=HORIZON_SECONDS,
        webhook_allow_private=True,
    )


def visit(redirect, address, code="abc"):
    """Visit a link; on a busy machine it may not be known at once."""
    wait_until(lambda: status(redirect, address, code) == 302)


def status(redirect, address, code):
    connection = http.client.HTTPConnection("127.0.0.1", redirect.port, timeout=60)
    headers = {"X-Forwarded-For": address, "User-Agent": BROWSER}
    connection.request("GET", f"/{code}", headers=headers)
    with closing(connection):
        return connection.getresponse().status


def visit_everywhere(redirect, valkey, settings):
    """Have the address pass through the stream, the spool, a dead letter and damage."""
    visit(redirect, ADDRESS)
    visit(redirect, "203.0.113.9", "other")
    valkey.signal(signal.SIGSTOP)
    visit(redirect, ADDRESS)
    spool = settings.spool_dir / "spool.db"
    wait_until(lambda: spool.exists() and ADDRESS.encode() in everything_in(spool.parent))
    valkey.signal(signal.SIGCONT)
    with Redis.from_url(valkey.url) as client:
        wait_until(lambda: client.xlen(STREAM) >= 3)
        client.xadd(STREAM, {"short_code": "abc", "ip": ADDRESS, "timestamp": "no time at all"})


def waiting(client, webhook):
    """Return the clicks that a webhook is still to be told of."""
    bodies = [unpack(body) for body in client.hvals(keys_of(webhook.id)[-1])]
    return [told for body in bodies for told in json.loads(body)["data"]["clicks"]]


def everything_in(folder: Path) -> bytes:
    return b"".join(contents(path) for path in sorted(folder.rglob("*")) if path.is_file())


def assert_gone(*folders: Path, address: str = ADDRESS) -> None:
    """Give what removes files in the background a moment."""
    wait_until(lambda: files_with(address, *folders) == [])


def rewrite(client):
    wait_until(lambda: begins_rewrite(client))
    wait_until(lambda: not client.info("persistence")["aof_rewrite_in_progress"])


def begins_rewrite(client):
    try:
        return client.bgrewriteaof()
    except ResponseError:
        return False  # the workers' own is under way


def hopline(settings, *arguments):
    with start_hopline(settings, *arguments) as process:
        out, err = process.communicate(timeout=300)
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def start_hopline(settings, *arguments):
    variables = {
        "HOPLINE_REDIS_URL": settings.redis_url,
        # While its disk syncs, Redis may answer nobody.
        "HOPLINE_REDIS_TIMEOUT_SECONDS": "30",
        "HOPLINE_CLICKHOUSE_URL": settings.clickhouse_url,
        "HOPLINE_DATA_DIR": str(settings.data_dir),
        "HOPLINE_SPOOL_DIR": str(settings.spool_dir),
    }
    return subprocess.Popen(
        [Path(sys.executable).parent / "hopline", *arguments],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def processed(settings, count, letters):
    with connect(settings.clickhouse_url, timeout_seconds=30) as client:
        wait_until(
            lambda: client.execute("SELECT uniqExact(click_id) FROM clicks") == [(count,)], 60
        )
    with closing(Redis.from_url(settings.redis_url)) as client:
        wait_until(lambda: client.xlen("clicks:dead") == letters)
        wait_until(lambda: not client.xpending(STREAM, "analytics-group")["pending"])


@pytest.mark.parametrize("kept", ["network", "none"])
def test_after_the_horizon_and_a_rewrite_it_is_in_no_file(
    redirect, valkey, clickhouse, settings, tmp_path, kept
):
    settings = settings.model_copy(update={"store_addresses": kept, "replay_horizon_seconds": 1.0})
    visit_everywhere(redirect, valkey, settings)
    folders = (valkey.directory, redirect.directory, clickhouse.directory, settings.data_dir)
    # Redis writes there in a moment: not while the last writes are on their way to the disk.
    wait_until(lambda: any("aof" in path for path in files_with(ADDRESS, valkey.directory)))
    with Workers(settings, tmp_path / "workers.log"), Redis.from_url(valkey.url) as client:
        processed(settings, 3, 1)
        wait_until(lambda: client.xlen(STREAM) == 0, 60)
        assert hopline(settings, "dead", "purge", "--all", "--yes").returncode == 0
        assert hopline(settings, "backup", str(tmp_path / "backup")).returncode == 0
        rewrite(client)
        assert_gone(*folders, tmp_path / "backup")
    assert ADDRESS not in (tmp_path / "workers.log").read_text()


def test_after_an_erasure_it_is_in_no_file_once_the_page_of_its_entries_is_gone(
    redirect, valkey, clickhouse, settings, tmp_path
):
    settings = settings.model_copy(update={"store_addresses": "full"})
    with receiver(answering(500)) as refusing:
        webhook = add_webhook(settings, refusing.url, "click.batch")
    visit_everywhere(redirect, valkey, settings)
    with Workers(settings, tmp_path / "workers.log"):
        processed(settings, 3, 1)
        with Redis.from_url(valkey.url) as client:
            # What Redis confirmed too late is in the stream twice.
            wait_until(lambda: len({told["click_id"] for told in waiting(client, webhook)}) == 3)
            packed = client.hvals(keys_of(webhook.id)[-1])
            assert not any(traces_in(unpack(body), ADDRESS) for body in packed)
            told_of = waiting(client, webhook)
            erased_id = next(told["click_id"] for told in told_of if told["code"] == "abc")
        with closing(sqlite3.connect(settings.spool_dir / "spool.db")) as spool, spool:
            spool.execute("INSERT INTO damaged VALUES (?, ?, 0)", (bytes(16), damaged()))
        spool.close()
        erased = hopline(settings, "erase", "--address", ADDRESS, "--yes", "--json")
        done = json.loads(erased.stdout)
        assert (erased.returncode, done["stored"], done["letters"], done["left"]) == (0, 2, 1, 0)
        assert done["entries"] >= 3
        assert done["told"] >= 2
        assert done["spooled"] == 1
        with connect(settings.clickhouse_url, timeout_seconds=30) as client:
            assert client.execute("SELECT short_code FROM clicks") == [("other",)]
        with Redis.from_url(valkey.url) as client:
            assert {told["code"] for told in waiting(client, webhook)} == {"other"}
            # Redis frees the bytes of entries a page at a time: the others' have to go as well.
            client.xtrim(STREAM, maxlen=0, approximate=False)
            rewrite(client)
        audited = hopline(settings, "replay", "--since", "1h")
        assert audited.returncode == 0
        assert hopline(settings, "explain", erased_id).returncode == 1
        with Redis.from_url(valkey.url) as client:
            gone = set(packed) - set(client.hvals(keys_of(webhook.id)[-1]))
        assert gone
        wait_until(lambda: not [one for one in gone if one in everything_in(valkey.directory)])
        folders = (valkey.directory, redirect.directory, clickhouse.directory, settings.data_dir)
        assert_gone(*folders)


@pytest.mark.parametrize(
    ("address", "chosen"),
    [
        (ADDRESS, f"::ffff:{ADDRESS}"),
        ("2001:db8:77:1234:5678:9abc:def0:1357", "2001:db8:77:1234::/64"),
    ],
)
def test_an_erasure_that_is_killed_and_run_again_leaves_nothing_and_the_ledger_balanced(
    redirect, valkey, clickhouse, settings, tmp_path, address, chosen
):
    # A neighbour in the network that is stored.
    neighbour = "198.51.100.9" if address == ADDRESS else "2001:db8:77::9"
    for sender, code in ((address, "abc"), (address, "other"), (neighbour, "other")):
        visit(redirect, sender, code)
    with (
        Workers(settings, tmp_path / "workers.log"),
        Redis.from_url(valkey.url) as client,
        connect(settings.clickhouse_url, timeout_seconds=30) as tables,
    ):
        processed(settings, 3, 0)
        with start_hopline(settings, "erase", "--address", chosen, "--yes") as killed:
            # Its entries are what tells of whom the rows are.
            wait_until(lambda: client.xlen(STREAM) < 3 or killed.poll() is not None)
            killed.kill()
        assert client.xlen(STREAM) < 3, killed.stderr
        again = hopline(settings, "erase", "--address", chosen, "--yes")
        assert again.returncode == 0, again.stderr
        assert tables.execute("SELECT count(), any(short_code) FROM clicks") == [(1, "other")]
        assert tables.execute("SELECT count() FROM ledger") == [(1,)]
        audited = hopline(settings, "audit")
        assert audited.returncode == 0, audited.stdout
        assert client.xlen(STREAM) == 1
        # Redis frees the bytes of entries a page at a time.
        client.xtrim(STREAM, maxlen=0, approximate=False)
        rewrite(client)
        folders = (valkey.directory, redirect.directory, clickhouse.directory, settings.data_dir)
        assert_gone(*folders, address=address)


def damaged() -> bytes:
    words = [b"XADD", STREAM.encode(), b"*", b"short_code", b"abc", b"ip", ADDRESS.encode()]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(w), w) for w in words)
