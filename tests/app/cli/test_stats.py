import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.schema.migrations import migrate
from tests.support.clicks import NOON, bot_row, click_row, insert_clicks


@pytest.fixture
def url(clickhouse_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A migrated database that the command reads."""
    migrate(clickhouse_url, timeout_seconds=10, ttl_days=0)
    monkeypatch.setenv("HOPLINE_CLICKHOUSE_URL", clickhouse_url)
    return clickhouse_url


def test_json_counts_each_click_once(hopline: Callable[..., Any], url: str) -> None:
    rows = [click_row(), click_row(country="FR"), bot_row()]
    insert_clicks(url, *rows)
    insert_clicks(url, *rows)
    ended = hopline("stats", "abc", "--json", "--by", "country", "--until", "2026-05-10T13:00")
    assert (ended.exit_code, ended.err) == (0, "")
    assert json.loads(ended.out) == {
        "code": "abc",
        "since": None,
        "until": "2026-05-10T13:00:00Z",
        "clicks": 3,
        "humans": 2,
        "visitors": 2,
        "bots": 1,
        "interval": "hour",
        "timeline": [
            {
                "start": "2026-05-10T12:00:00Z",
                "clicks": 3,
                "humans": 2,
                "bots": 1,
                "visitors": 2,
            }
        ],
        "by": {
            "country": {
                "top": [
                    {"name": "DE", "clicks": 1, "visitors": 1, "share": 0.5},
                    {"name": "FR", "clicks": 1, "visitors": 1, "share": 0.5},
                ],
                "others": 0,
            }
        },
    }


def test_a_pipe_gets_tab_separated_lines(hopline: Callable[..., Any], url: str) -> None:
    insert_clicks(url, click_row(referrer_host="a\tb\x1b[31m"), bot_row())
    ended = hopline("stats", "abc", "--by", "referrer,bot", "--until", "2026-05-10T13:00")
    assert ended.out.splitlines() == [
        "FIGURE\tNAME\tCLICKS\tHUMANS\tBOTS\tVISITORS",
        "total\tabc\t2\t1\t1\t1",
        "hour\t2026-05-10T12:00:00Z\t2\t1\t1\t1",
        "referrer\ta�b�[31m\t1\t\t\t1",
        "bot\tGooglebot\t1\t\t\t1",
    ]


def test_a_link_without_clicks_has_zeros(hopline: Callable[..., Any], url: str) -> None:
    hopline("links", "add", "https://example.com/", "--code", "fresh1")
    ended = hopline("stats", "fresh1", "--json")
    assert ended.exit_code == 0
    assert json.loads(ended.out)["clicks"] == 0


def test_an_unknown_code_is_not_found(hopline: Callable[..., Any], url: str) -> None:
    ended = hopline("stats", "nobody")
    assert ended == (1, "", "hopline: no link has the code 'nobody'\n")


def test_since_and_until_bound_what_counts(hopline: Callable[..., Any], url: str) -> None:
    now = datetime.now(UTC)
    insert_clicks(url, click_row(now - timedelta(minutes=5)), click_row(NOON))
    assert json.loads(hopline("stats", "abc", "--json", "--since", "1h").out)["clicks"] == 1
    assert json.loads(hopline("stats", "abc", "--json").out)["clicks"] == 2


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--since", "soon"], "'soon' is no time: expected a date"),
        (["--since", "1h", "--until", "2h"], "the start must lie before the end"),
        (["--by", "moon"], "--by: 'moon' is none of country, browser,"),
        (["--since", "2001-01-01", "--interval", "hour"], "is more than 2000 rows"),
    ],
)
def test_what_cannot_be_read_is_wrong_usage(
    hopline: Callable[..., Any], url: str, arguments: list[str], complaint: str
) -> None:
    ended = hopline("stats", "abc", *arguments)
    assert (ended.exit_code, ended.out) == (2, "")
    assert complaint in ended.err


def test_a_code_that_is_no_text_is_no_fault_of_the_output(
    hopline: Callable[..., Any], url: str
) -> None:
    assert hopline("stats", "\udcff") == (1, "", "hopline: what was given is not valid UTF-8\n")


def test_without_clickhouse_it_says_so(
    hopline: Callable[..., Any], free_port, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOPLINE_CLICKHOUSE_URL", f"clickhouse://127.0.0.1:{free_port()}/x")
    ended = hopline("stats", "abc")
    assert ended.exit_code == 1
    assert ended.err.startswith("hopline: ClickHouse at 127.0.0.1:")
    assert "is away: Connection refused. Is `hopline up` running?\n" in ended.err


def test_the_real_command_writes_json_and_nothing_else(url: str, redis_url: str) -> None:
    insert_clicks(url, click_row())
    ended = subprocess.run(
        [sys.executable, "-c", "from app.cli.main import main; main()", "stats", "abc", "--json"],
        env=os.environ | {"HOPLINE_CLICKHOUSE_URL": url, "HOPLINE_REDIS_URL": redis_url},
        capture_output=True,
        timeout=30,
        check=True,
    )
    assert json.loads(ended.stdout)["clicks"] == 1
    assert ended.stderr == b""
