"""Clients of YOURLS that others wrote, and the requests that programs make, against the console."""

import json
import os
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from app.keys.store import KeyStore
from app.links.store import open_store
from app.stores.redis.client import connect
from tests.support.clicks import click_row, insert_clicks
from tests.support.foreign_clients import yourls_clients
from tests.support.redirect_servers import ConsoleServer

SHORT = "http://go.example"
#: Runs a piece of Python with a client, and prints what it finds as JSON.
Run = Callable[[str], Any]


@pytest.fixture
def signature(redis_url: str) -> str:
    with connect(redis_url, timeout_seconds=30) as client:
        scopes = ("links:read", "links:write", "stats:read")
        _, signature = KeyStore(client, redis_url).add("client", scopes, of_yourls=True)
    return signature.text


@pytest.fixture
def console(redis_url: str, migrated_url: str, tmp_path: Path) -> Iterator[str]:
    settings = {
        "redis_url": redis_url,
        "clickhouse_url": migrated_url,
        "public_url": SHORT,
    }
    with ConsoleServer(tmp_path / "console", **settings) as server:
        yield f"http://127.0.0.1:{server.port}"


@pytest.fixture
def clients(cache_dir: Path, tmp_path: Path) -> dict[str, str]:
    """The environment of a program that has the clients, and no settings of whoever runs this."""
    folder = yourls_clients(cache_dir)
    return {**os.environ, "PYTHONPATH": str(folder), "HOME": str(tmp_path), "COLUMNS": "200"}


@pytest.fixture
def run(clients: dict[str, str], tmp_path: Path) -> Run:
    def in_process(text: str) -> Any:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", text],
            env=clients,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return in_process


@pytest.fixture
def links(make_settings: Any, redis_url: str) -> Any:
    return open_store(make_settings(redis_url=redis_url))


def test_yourls_of_pypi_does_all_that_it_can(
    console: str, signature: str, run: Run, migrated_url: str
) -> None:
    insert_clicks(migrated_url, *(click_row(short_code="sale") for _ in range(3)))
    found = run(f"""
import json, yourls
from yourls import YOURLSKeywordExistsError, YOURLSNoLoopError
from yourls import YOURLSNoURLError, YOURLSURLExistsError

client = yourls.YOURLSClient("{console}/yourls-api.php", signature="{signature}")
found = {{}}
made = client.shorten("https://example.com/a?b=c&d", keyword="sale", title="Grüße & mehr")
found["made"] = [made.shorturl, made.keyword, made.url, made.title]
try:
    client.shorten("https://example.com/a?b=c&d")
except YOURLSURLExistsError as error:
    found["exists"] = [error.url.shorturl, error.url.clicks]
try:
    client.shorten("https://example.com/other", keyword="sale")
except YOURLSKeywordExistsError as error:
    found["taken"] = error.keyword
for kind, url in ((YOURLSNoLoopError, "{SHORT}/sale"), (YOURLSNoURLError, "ftp://example.com/")):
    try:
        client.shorten(url)
    except kind as error:
        found[kind.__name__] = error.response.status_code
found["expanded"] = [client.expand("sale"), client.expand("{SHORT}/sale")]
found["clicks"] = client.url_stats("sale").clicks
links, total = client.stats("top", 1)
found["top"] = [[link.shorturl, link.clicks] for link in links]
found["total"] = [total.total_links, total.total_clicks]
found["db"] = [client.db_stats().total_links, client.db_stats().total_clicks]
try:
    client.url_stats("unknown")
except yourls.YOURLSHTTPError as error:
    found["unknown"] = [error.response.status_code, str(error)]
try:
    yourls.YOURLSClient("{console}/yourls-api.php", signature="wrong").db_stats()
except yourls.YOURLSHTTPError as error:
    found["wrong"] = [error.response.status_code, str(error)]
print(json.dumps(found))
""")
    assert found == {
        "made": [f"{SHORT}/sale", "sale", "https://example.com/a?b=c&d", "Grüße & mehr"],
        "exists": [f"{SHORT}/sale", 3],
        "taken": "sale",
        "YOURLSNoLoopError": 400,
        "YOURLSNoURLError": 400,
        "expanded": ["https://example.com/a?b=c&d"] * 2,
        "clicks": 3,
        "top": [[f"{SHORT}/sale", 3]],
        "total": [1, 3],
        "db": [1, 3],
        "unknown": [404, "Error: short URL not found"],
        "wrong": [403, "Please log in"],
    }


def test_the_command_of_yourls_of_pypi_goes_through_a_day(
    console: str, signature: str, clients: dict[str, str], tmp_path: Path
) -> None:
    def yourls(*arguments: str) -> str:
        options = ["--apiurl", f"{console}/yourls-api.php", "--signature", signature]
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "yourls", *options, *arguments],
            env=clients,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        return done.stdout

    shorten = ("shorten", "https://example.com/", "--keyword", "sale", "--simple")
    assert yourls(*shorten) == f"New: {SHORT}/sale\n"
    assert yourls(*shorten) == f"Exists: {SHORT}/sale\n"
    assert yourls("expand", "sale") == "https://example.com/\n"
    assert "clicks: 0" in yourls("url-stats", "sale")
    assert yourls("stats", "last", "1", "--simple").splitlines()[1:] == [f"{SHORT}/sale"]
    assert yourls("db-stats") == "0 total clicks, 1 total links\n"


def test_pyourls3_does_all_that_it_can(console: str, signature: str, run: Run) -> None:
    found = run(f"""
import json
from pyourls3.client import Yourls
from pyourls3 import exceptions

client = Yourls("{console}", key="{signature}")
found = {{"made": client.shorten("https://example.com/", keyword="sale", title="Sale")}}
try:
    client.shorten("https://example.com/")
except exceptions.Pyourls3URLAlreadyExistsError as error:
    found["exists"] = error.url
try:
    client.shorten("https://example.com/other", keyword="sale")
except exceptions.Pyourls3APIError as error:
    found["taken"] = error.code
found["expanded"] = client.expand("{SHORT}/sale")
found["clicks"] = client.url_stats("sale")["clicks"]
found["total"] = client.stats()
try:
    Yourls("{console}", key="wrong")
except exceptions.Pyourls3APIError as error:
    found["wrong"] = error.code
print(json.dumps(found))
""")
    made = found.pop("made")
    assert (made["status"], made["shorturl"]) == ("success", f"{SHORT}/sale")
    assert found == {
        "exists": "https://example.com/",
        "taken": "error:keyword",
        "expanded": "https://example.com/",
        "clicks": "0",
        "total": {"total_links": "1", "total_clicks": "0"},
        "wrong": 403,
    }


def test_what_sharex_sends_is_answered_by_a_short_url_alone(
    console: str, signature: str, links: Any
) -> None:
    """Its shortener posts the parts of a form, and takes the body as the URL."""
    boundary = f"{'-' * 20}8de30ac98b7d2f4"
    fields = {
        "signature": signature,
        "action": "shorturl",
        "url": "https://example.com/Bild.png?größe=1",
        "format": "simple",
    }
    parts = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    body = ("".join(parts) + f"--{boundary}--\r\n").encode()
    headers = {
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        "User-Agent": "ShareX/17.0.0",
    }
    found = set()
    for _ in range(2):
        asked = urllib.request.Request(f"{console}/yourls-api.php", body, headers)
        with urllib.request.urlopen(asked, timeout=60) as answer:
            found.add(answer.read().decode())
    [link] = links.links.scan()
    assert link.target == "https://example.com/Bild.png?gr%C3%B6%C3%9Fe=1"
    assert found == {f"{SHORT}/{link.code}"}


def test_what_n8n_sends_is_answered_as_its_node_reads_it(
    console: str, signature: str, links: Any
) -> None:
    """Its node sends GET with an empty JSON object, and fails on "fail" as well as from 400 on."""

    def node(**fields: str) -> Any:
        query = urllib.parse.urlencode({**fields, "signature": signature, "format": "json"})
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        asked = urllib.request.Request(
            f"{console}/yourls-api.php?{query}", b"{}", headers, method="GET"
        )
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return json.load(answer)

    made = node(url="https://example.com/", action="shorturl", keyword="sale", title="Sale")
    assert made["status"] == "success"
    assert node(shorturl=made["shorturl"], action="expand")["longurl"] == "https://example.com/"
    assert node(shorturl=made["shorturl"], action="url-stats")["link"]["clicks"] == "0"
    again = node(url="https://example.com/", action="shorturl")
    assert (again["status"], again["shorturl"]) == ("fail", made["shorturl"])
    with pytest.raises(HTTPError) as refused:
        node(shorturl="unknown", action="expand")
    with refused.value as answer:
        assert answer.code == 404
