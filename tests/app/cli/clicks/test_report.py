from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from app.cli.clicks.report import breakdown_rows, describe_period, draw, print_report
from app.reports.answer import Answer, Breakdown, Bucket, Figures, Share, Source, Sums
from app.reports.period import Period
from app.reports.query import Query
from tests.support.clicks import NOON

LONG = "https://example.com/" + "x" * 200
ANSWER = Answer(
    query=Query(codes=("abc",)),
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
    source=Source(NOON, NOON, 10_000_006, 1.5, has_exact_visitors=True),
)
COMPARED = replace(
    ANSWER,
    query=Query(codes=("abc",), since=NOON, compare="previous"),
    before=Figures(8_888_888, 1, 0),
    period_before=Period(NOON - timedelta(hours=3), NOON),
    timeline=tuple(replace(bucket, before=Figures(77, 1, 0)) for bucket in ANSWER.timeline),
    breakdowns=(
        Breakdown("target", (Share(LONG, 9_000_000, 1200, 0.9, 66_666),), 999_999, "humans", 555),
    ),
)


def drawn(answer: Answer, width: int) -> list[str]:
    terminal = Console(width=width, color_system=None, force_terminal=True)
    with terminal.capture() as capture:
        terminal.print(draw(answer, width))
    return capture.get().splitlines()


@pytest.mark.parametrize("width", [80, 120])
def test_a_report_fits_the_terminal_and_shows_every_number(width: int) -> None:
    lines = drawn(ANSWER, width)
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
    text = "\n".join(drawn(ANSWER, 80))
    assert "https://example.com/xxx…" in text
    assert "(direct)" in text
    assert "(unknown)" in text
    assert "(others)" in text


def test_bars_are_as_long_as_their_share_of_the_longest() -> None:
    timeline = [line for line in drawn(ANSWER, 120) if line.startswith("2026-05-10")]
    assert [line.count("█") for line in timeline] == [30, 0, 0]


def test_an_empty_report_can_be_drawn() -> None:
    source = Source(NOON, None, 0, 0.0, has_exact_visitors=True)
    timeline = (Bucket(NOON, Figures()),)
    answer = Answer(Query(), Period(), Figures(), "hour", timeline, (), source)
    text = "\n".join(drawn(answer, 80))
    assert "all links" in text
    assert "0 clicks" in text
    assert "newest click" not in text


def test_what_is_compared_stands_beside() -> None:
    lines = drawn(COMPARED, 80)
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    for shown in ("8,888,888 by people", "77", "66,666", "555", "until 2026-05-10 12:00"):
        assert shown in text


def test_a_report_says_what_it_is_taken_from() -> None:
    zone = replace(COMPARED.query, tz="Asia/Kathmandu")
    sums = Sums(date(2026, 5, 9), 7, 1)
    source = replace(ANSWER.source, has_exact_visitors=False, sums=sums)
    text = " ".join(" ".join(drawn(replace(COMPARED, query=zone, source=source), 120)).split())
    assert "hour (Asia/Kathmandu)" in text
    assert "exact, as of 2026-05-10T17:45:00+05:45; newest click stored 2026-05-10T17:45:00" in text
    assert (
        "; 7 days by sums, through 2026-05-09; 10,000,006 rows read in 1.50 s; visitors are an"
        " estimate"
    ) in text


def test_only_metrics_that_were_asked_for_are_drawn() -> None:
    query = Query(codes=("abc",), metrics=("humans",))
    text = "\n".join(drawn(replace(ANSWER, query=query), 80))
    assert "people" in text
    assert not {"bots", "visitors", "share"} & set(text.split())


def test_a_visitors_text_cannot_move_the_cursor() -> None:
    share = Share("\x1b[2J\nx", 1, 1, 1.0)
    query = Query(codes=("\x1b[2Jabc",))
    stats = replace(ANSWER, query=query, breakdowns=(Breakdown("referrer", (share,), 0),))
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
    assert describe_period(period, ZoneInfo("UTC")) == words


def test_a_breakdown_of_a_spreadsheet_adds_up() -> None:
    shares = (Share("DE", 4, 1, 0.5), Share("AT", 1, 1, 0.1))
    told = replace(ANSWER, breakdowns=(Breakdown("country", shares, 3),))
    found = list(breakdown_rows(told))
    assert [row[2] for row in found] == ["4", "1", "3"]
    assert found[-1] == ("others", "country", "3", "", "", "")
    compared = replace(told, breakdowns=(Breakdown("country", (), 0, "humans", 7),))
    assert list(breakdown_rows(compared)) == [("others", "country", "0", "", "", "", "7")]


def test_a_narrow_terminal_loses_no_number(monkeypatch, capsys) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    # To rich, a dumb terminal has 80 columns whatever it says.
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "20")
    print_report(ANSWER)
    said = capsys.readouterr().out
    for shown in ("9,999,998", "9,000,000", "999,999", "100.0%", "2026-05-10 12:00"):
        assert shown in said
