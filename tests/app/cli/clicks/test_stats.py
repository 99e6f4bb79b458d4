import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from app.cli.clicks.stats import describe_period, draw, print_stats
from app.reports.stats import Breakdown, Bucket, Figures, Period, Share, Stats
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


LONG = "https://example.com/" + "x" * 200
STATS = Stats(
    code="abc",
    period=Period(),
    figures=Figures(humans=9_999_999, visitors=1234, bots=7),
    interval="hour",
    timeline=(
        Bucket(NOON, Figures(9_999_998, 1233, 7)),
        Bucket(NOON + timedelta(hours=1), Figures()),
        Bucket(NOON + timedelta(hours=2), Figures(1, 1, 0)),
    ),
    breakdowns=(
        Breakdown("target", (Share(LONG, 9_000_000, 1200, 0.9),), others=999_999),
        Breakdown("referrer", (Share("", 9_999_999, 1234, 1.0),), others=0),
        Breakdown("country", (Share("", 9_999_999, 1234, 1.0),), others=0),
        Breakdown("bot", (), others=0),
    ),
)


def drawn(stats: Stats, width: int) -> list[str]:
    terminal = Console(width=width, color_system=None, force_terminal=True)
    with terminal.capture() as capture:
        terminal.print(draw(stats, width))
    return capture.get().splitlines()


@pytest.mark.parametrize("width", [80, 120])
def test_a_report_fits_the_terminal_and_shows_every_number(width: int) -> None:
    lines = drawn(STATS, width)
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    for shown in (
        "10,000,006 clicks",
        "9,999,999 by people",
        "9,999,998",
        "9,000,000",
        "999,999",
        "90.0%",
        "100.0%",
    ):
        assert shown in text
    assert "2026-05-10 12:00" in text


def test_long_names_are_cut_and_empty_ones_explained() -> None:
    text = "\n".join(drawn(STATS, 80))
    assert "https://example.com/xxx…" in text
    assert "(direct)" in text
    assert "(unknown)" in text
    assert "(others)" in text


def test_bars_are_as_long_as_their_share_of_the_longest() -> None:
    timeline = [line for line in drawn(STATS, 120) if line.startswith("2026-05-10")]
    assert [line.count("█") for line in timeline] == [30, 0, 0]


def test_an_empty_report_can_be_drawn() -> None:
    stats = Stats("abc", Period(), Figures(), "hour", (Bucket(NOON, Figures()),), ())
    assert any("0 clicks" in line for line in drawn(stats, 80))


def test_a_visitors_text_cannot_move_the_cursor() -> None:
    share = Share("\x1b[2J\nx", 1, 1, 1.0)
    stats = replace(STATS, code="\x1b[2Jabc", breakdowns=(Breakdown("referrer", (share,), 0),))
    text = "\n".join(drawn(stats, 80))
    assert "\x1b[2J" not in text
    assert "\ufffd[2J\ufffdx" in text


@pytest.mark.parametrize(
    ("period", "words"),
    [
        (Period(), "all clicks"),
        (Period(since=NOON), "from 2026-05-10 12:00 until now"),
        (Period(until=NOON), "until 2026-05-10 12:00"),
        (
            Period(NOON, NOON + timedelta(days=1)),
            "from 2026-05-10 12:00 until 2026-05-11 12:00",
        ),
    ],
)
def test_a_period_is_put_in_words(period: Period, words: str) -> None:
    assert describe_period(period) == words


def test_a_narrow_terminal_loses_no_number(monkeypatch, capsys) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    # To rich, a dumb terminal has 80 columns whatever it says.
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "20")
    print_stats(STATS)
    said = capsys.readouterr().out
    for shown in ("9,999,998", "9,000,000", "999,999", "100.0%", "2026-05-10 12:00"):
        assert shown in said
