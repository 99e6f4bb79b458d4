import pytest

from loadtest.run.clicks import Console
from loadtest.run.preflight import complaint, shown_host
from loadtest.scenario.links import Catalogue
from loadtest.self_check import known_server

CATALOGUE = Catalogue("load", hot_count=5, tail_count=5)


@pytest.fixture(scope="module")
def server():
    with known_server("--latency-ms", "0") as url:
        yield url


def test_a_hopline_with_the_links_is_ready(server):
    assert complaint(server, CATALOGUE) == ""


def test_a_kind_without_links_is_not_asked_for(server):
    assert complaint(server, Catalogue("load", hot_count=5, tail_count=0)) == ""


def test_it_is_asked_without_a_click(server):
    complaint(server, CATALOGUE)
    assert sum(Console(server).clicks([CATALOGUE.viral(), *CATALOGUE.hot()]).values()) == 0


@pytest.mark.parametrize(
    ("host", "told"),
    [
        (None, "no --host"),
        ("", "no --host"),
        ("go.example.com", "is --host right?"),
        ("ftp://127.0.0.1", "is --host right?"),
        ("http://", "is --host right?"),
        ("http://127.0.0.1:1", "Connection refused"),
        ("http://127.0.0.1:nonsense", "is --host right?"),
    ],
)
def test_a_wrong_host_is_said(host, told):
    assert told in complaint(host, CATALOGUE)


@pytest.mark.parametrize(
    "host",
    [
        "http://bob:hunter2@127.0.0.1:1",
        "http://:hunter2@127.0.0.1:1",
        "http://bob:hunter2#x@127.0.0.1",
        "http://bob:hun/ter2@127.0.0.1",
        "bob:hunter2@127.0.0.1",
        "http://bob:@hunter2@[::1",
    ],
)
def test_no_part_of_a_password_in_a_host_is_told(host):
    assert complaint(host, CATALOGUE).startswith("--host can't hold a user")
    assert "ter2" not in shown_host(host)
    assert shown_host("http://go.example.com:8080") == "http://go.example.com:8080"


def test_links_that_were_never_made_are_said(server):
    told = complaint(server, Catalogue("other-unknown", hot_count=5, tail_count=5))
    assert "HEAD /other-unknown-viral with status 404: are the links made" in told


def test_another_server_than_hopline_is_said(server):
    """One that redirects everything, but elsewhere."""
    told = complaint(f"{server}/path", CATALOGUE)
    assert "are the links made" in told
