from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from app.cli.stats_view import describe_period, draw, print_stats
from app.reports.stats import Breakdown, Bucket, Figures, Period, Share, Stats

NOON = datetime(2026, 5, 10, 12, tzinfo=UTC)
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
