from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from tests.support.server.gunicorn_server import Gunicorn
from tests.support.server.raw_client import ask, get


@pytest.mark.parametrize(
    "data",
    [
        get("/w", "Content-Length: -1"),
        get("/w", "Expect: <b>banana"),
        get("/w", "Transfer-Encoding: gzip"),
        bytes.fromhex("16030100f8010000f40303") + bytes(64),
    ],
)
def test_the_consoles_errors_are_whole_and_repeat_nothing(tmp_path: Path, data: bytes) -> None:
    with Gunicorn(tmp_path, worker="app.console.gunicorn_conf.Worker") as server:
        (answer,) = ask(server, data)
    assert 400 <= answer.status < 600
    assert answer.headers["server"] == "hopline"
    assert answer.headers["connection"] == "close"
    assert parsedate_to_datetime(answer.headers["date"]).tzinfo
    assert b"banana" not in answer.body
