"""gunicorn's lines among ours, from real services."""

import json
import socket
from pathlib import Path

import pytest

from tests.support.redirect_servers import RedirectServer
from tests.support.worker_processes import wait_until


def _lines(directory: Path) -> list[dict[str, object]]:
    text = (directory / "output.log").read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_arbiter_and_workers_write_one_form(tmp_path: Path, redis_url: str) -> None:
    with RedirectServer(tmp_path, redis_url, log_format="json") as server:
        wait_until(lambda: len(_lines(tmp_path)) > 2)
        server.stop()
    lines = _lines(tmp_path)
    assert {line["logger"] for line in lines} >= {"gunicorn.error"}
    assert {line["process"] for line in lines} == {"redirect"}
    assert len({line["pid"] for line in lines}) == 2


@pytest.mark.parametrize(
    ("stored", "shown", "hidden"),
    [("network", "127.0.0.0/24", "127.0.0.1"), ("full", "127.0.0.1", "127.0.0.0/24")],
)
def test_no_line_has_a_visitors_address_unless_they_are_stored(
    tmp_path: Path, redis_url: str, stored: str, shown: str, hidden: str
) -> None:
    nonsense = (
        b"NONSENSE\r\n\r\n",
        # Out of the ordinary, so it is handed over to gunicorn's own reader, which refuses it.
        b"GET / HTTP/1.1\r\nHost: h\r\nExpect: the-impossible\r\n\r\n",
    )
    with RedirectServer(tmp_path, redis_url, log_format="json", store_addresses=stored) as server:
        for request in nonsense:
            with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
                client.sendall(request)
                client.recv(4096)

        def said() -> list[str]:
            texts = [str(line["message"]) for line in _lines(tmp_path)]
            return [text for text in texts if "refused a request" in text or "Invalid" in text]

        wait_until(lambda: len(said()) >= 2)
        assert all(shown in text and hidden not in text for text in said()), said()
