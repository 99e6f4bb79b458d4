"""`hopline tail` as a process, as only there are Ctrl-C and a closed pipe what they are."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from app.cli.clicks.tail import as_aligned_line, as_json_line, as_tab_line, line_of
from app.clicks.click import Click, new_click_id, to_fields
from app.stores.redis.client import connect

STREAM = "clicks:stream"
DEADLINE_SECONDS = 60.0


@pytest.fixture
def redis_client(redis_url: str) -> Iterator[Any]:
    with connect(redis_url, timeout_seconds=30) as client:
        yield client


@contextmanager
def start(redis_url: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", "from app.cli.main import main; main()", "tail", *arguments],
        env=os.environ | {"HOPLINE_REDIS_URL": redis_url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def wait_until_reading(redis_client: Any) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        if any(client["cmd"] == "xread" for client in redis_client.client_list()):
            return
        time.sleep(0.02)
    pytest.fail("hopline tail did not begin to read")


def click(redis_client: Any, code: str = "abc") -> None:
    redis_client.xadd(STREAM, to_fields(make_click(code)))


def make_click(code: str) -> Click:
    time_ms = time.time_ns() // 1_000_000
    return Click(
        click_id=new_click_id(time_ms, os.urandom(10)),
        short_code=code,
        timestamp=time_ms // 1000,
        ip="203.0.113.77",
        user_agent="curl/8.0",
        referer="",
        original_url="https://example.com/",
    )


def interrupt(child: subprocess.Popen[str]) -> tuple[int, str, str]:
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=DEADLINE_SECONDS)
    return child.returncode, out, err


@pytest.mark.parametrize("named", ["abc", "https://go.example.com/abc."])
def test_clicks_of_a_code_come_as_json_lines_until_ctrl_c(
    redis_url: str, redis_client: Any, named: str
) -> None:
    with start(redis_url, "--json", "--code", named) as child:
        wait_until_reading(redis_client)
        click(redis_client, "other")
        click(redis_client, "abc")
        assert child.stdout is not None
        line = json.loads(child.stdout.readline())
        assert (line["code"], line["bot"], line["network"]) == ("abc", "curl", "203.0.113.0/24")
        assert interrupt(child) == (0, "", "")


def test_an_entry_that_is_no_click_is_said_to_be_none(redis_url: str, redis_client: Any) -> None:
    with start(redis_url) as child:
        wait_until_reading(redis_client)
        entry_id = redis_client.xadd(STREAM, {"n": "1"}).decode()
        click(redis_client)
        assert child.stdout is not None
        assert "203.0.113.77" not in child.stdout.readline()
        expected = f"hopline: entry {entry_id} is no click: missing_field: short_code is missing\n"
        assert interrupt(child) == (0, "", expected)


def test_a_closed_pipe_ends_it_quietly(redis_url: str, redis_client: Any) -> None:
    with start(redis_url) as child:
        wait_until_reading(redis_client)
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        click(redis_client)
        assert child.wait(DEADLINE_SECONDS) == 0
        assert child.stderr.read() == ""


def test_without_redis_it_says_so(free_port) -> None:
    with start(f"redis://127.0.0.1:{free_port()}") as child:
        out, err = child.communicate(timeout=DEADLINE_SECONDS)
        assert (child.returncode, out) == (1, "")
        assert "Is `hopline up` running?" in err


def test_a_narrow_terminal_shows_a_click_as_far_as_its_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "20")
    assert line_of(make_click("abc"), "curl").split()[1:3] == ["abc", "203.0.113.0/24"]


MILLISECONDS = 1_778_414_400_123
CLICK = Click(
    click_id=new_click_id(MILLISECONDS, bytes(10)),
    short_code="abc",
    timestamp=MILLISECONDS // 1000,
    ip="203.0.113.77",
    user_agent="Mozilla/5.0",
    referer="https://news.example/",
    original_url="https://example.com/",
    host="go.example",
)


def test_a_person_in_a_line() -> None:
    assert as_tab_line(CLICK, "").split("\t") == [
        "2026-05-10T12:00:00.123Z",
        "abc",
        "203.0.113.0/24",
        "-",
        "https://news.example/",
        "Mozilla/5.0",
    ]


def test_a_bot_in_a_line_and_what_is_unknown() -> None:
    click = replace(CLICK, ip="", referer="", user_agent="")
    assert as_tab_line(click, "curl").split("\t")[2:] == ["-", "curl", "-", "-"]


def test_lines_stand_in_columns_and_fit_the_terminal() -> None:
    short = as_aligned_line(CLICK, "", 120)
    long = as_aligned_line(replace(CLICK, short_code="x" * 40, user_agent="y" * 400), "curl", 120)
    assert short.index("203.0.113.0/24") == long.index("203.0.113.0/24")
    assert short.index("https://news") == long.index("https://news")
    assert len(long) == 120


def test_a_visitors_text_cannot_move_the_cursor_or_add_a_line() -> None:
    click = replace(CLICK, user_agent="a\x1b[2J\r\nb\tc\u2028d\x9be")
    assert as_tab_line(click, "").endswith("\ta�[2J��b�c�d�e")


def test_the_json_form_is_exactly_this() -> None:
    assert json.loads(as_json_line(CLICK, "curl")) == {
        "time": "2026-05-10T12:00:00.123Z",
        "click_id": CLICK.click_id.hex(),
        "code": "abc",
        "target": "https://example.com/",
        "network": "203.0.113.0/24",
        "bot": "curl",
        "referer": "https://news.example/",
        "user_agent": "Mozilla/5.0",
        "host": "go.example",
    }
