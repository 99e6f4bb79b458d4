import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.clicks import NOON, bot_row, click_row, insert_clicks


@pytest.fixture
def url(migrated_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A migrated database that the command reads."""
    monkeypatch.setenv("HOPLINE_CLICKHOUSE_URL", migrated_url)
    return migrated_url


def test_json_counts_each_click_once(hopline: Callable[..., Any], url: str) -> None:
    rows = [click_row(), click_row(country="FR"), bot_row()]
    insert_clicks(url, *rows)
    insert_clicks(url, *rows)
    ended = hopline("stats", "abc", "--json", "--by", "country", "--until", "2026-05-10T13:00")
    assert (ended.exit_code, ended.err) == (0, "")
    found = json.loads(ended.out)
    meta = found.pop("meta")
    assert (meta["tz"], meta["clicks"], meta["visitors"]) == ("UTC", "exact", "exact")
    assert meta["newest_click"] == "2026-05-10T12:00:00Z"
    assert meta["rows_read"] >= 6
    assert found == {
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


def test_verdicts_and_reasons_are_told_of_all_clicks(hopline: Callable[..., Any], url: str) -> None:
    own = {"is_bot": True, "bot": "own-device", "verdict": "own", "reasons": "own-device"}
    rows = [click_row(), click_row(verdict="suspicious", reasons="bare"), click_row(**own)]
    for row in rows:
        insert_clicks(url, row)
    insert_clicks(url, bot_row(reasons="crawler-list,bot-word"))
    asked = ("stats", "abc", "--until", "2026-05-10T13:00", "--json", "--by", "verdict,bot,reasons")
    found = json.loads(hopline(*asked).out)
    assert (found["humans"], found["bots"]) == (2, 2)
    shown = {
        by: {share["name"]: share["clicks"] for share in panel["top"]}
        for by, panel in found["by"].items()
    }
    assert shown == {
        "verdict": {"bot": 1, "own": 1, "person": 1, "suspicious": 1},
        "bot": {"Googlebot": 1, "own-device": 1},
        "reasons": {"": 1, "bare": 1, "crawler-list,bot-word": 1, "own-device": 1},
    }
    only = json.loads(hopline(*asked, "--filter", "reasons~BOT-word or verdict=own").out)
    assert (only["clicks"], only["bots"]) == (2, 2)


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
        (["--since", "2099-01-01"], "--since: '2099-01-01' is yet to come"),
        (["--tz", "Mars"], "--tz: 'Mars' is no time zone"),
        (["--filter", "country>DE"], "--filter: can't be read at '>DE'"),
        (["--limit", "0"], "--limit: expected a number from 1 to 1000"),
        (["--compare", "previous"], "--compare: needs a period with a start"),
        (["--period", "7d", "--since", "1d"], "--period: give either a period, or since and until"),
        (["--all"], "--all: it is all links, or those of codes or of a tag"),
        (["--tag", "spring"], "--tag: give either codes or a tag"),
        (["--since", "2001-01-01", "--interval", "hour"], "is more than 2000 rows"),
    ],
)
def test_what_cannot_be_read_is_wrong_usage(
    hopline: Callable[..., Any], url: str, arguments: list[str], complaint: str
) -> None:
    ended = hopline("stats", "abc", *arguments)
    assert (ended.exit_code, ended.out) == (2, "")
    assert complaint in ended.err


def test_a_report_without_links_says_what_to_name(hopline: Callable[..., Any]) -> None:
    assert hopline("stats").err == "hopline: say which links: by their codes, --tag or --all\n"


def test_links_are_named_by_codes_or_pasted_and_counted_together(
    hopline: Callable[..., Any], url: str
) -> None:
    insert_clicks(url, click_row(), click_row(short_code="b"), click_row(short_code="c"))
    ended = hopline("stats", "https://go.example/abc?x=1", "b", "--json", "--by", "link")
    found = json.loads(ended.out)
    assert (found["codes"], found["clicks"]) == (["abc", "b"], 2)
    assert [share["name"] for share in found["by"]["link"]["top"]] == ["abc", "b"]


def test_all_links_and_those_of_a_tag_are_counted(hopline: Callable[..., Any], url: str) -> None:
    for code in ("tagged1", "tagged2", "other1"):
        tag = ["--tag", "Spring sale"] if code.startswith("tagged") else []
        hopline("links", "add", "https://example.com/", "--code", code, *tag)
        insert_clicks(url, click_row(short_code=code))
    assert json.loads(hopline("stats", "--all", "--json").out)["clicks"] == 3
    found = json.loads(hopline("stats", "--tag", "spring sale", "--json").out)
    assert (found["tag"], found["clicks"]) == ("spring sale", 2)
    assert json.loads(hopline("stats", "--tag", "nobodys", "--json").out)["clicks"] == 0


def test_csv_runs_nothing_in_a_spreadsheet(hopline: Callable[..., Any], url: str) -> None:
    insert_clicks(url, click_row(country="=1+1"), click_row(country='a,"b"'))
    ended = hopline("stats", "abc", "--csv", "--by=country", "--until=2026-05-10T13:00")
    assert ended.out.splitlines() == [
        "figure,name,clicks,humans,bots,visitors",
        "total,abc,2,2,0,2",
        "hour,2026-05-10T12:00:00Z,2,2,0,2",
        "country,'=1+1,1,,,1",
        'country,"a,""b""",1,,,1',
    ]


def test_filters_and_a_zone_shape_the_report(hopline: Callable[..., Any], url: str) -> None:
    insert_clicks(url, click_row(), click_row(country="AT"), click_row(country="FR"))
    question = ["abc", "--filter", "country=DE,AT", "--filter", "not browser~chrome"]
    question += ["--tz", "Asia/Kathmandu", "--interval=day", "--by=none", "--until=2026-05-11"]
    lines = hopline("stats", *question, "--since=2026-05-10").out.splitlines()
    assert lines[1:] == ["total\tabc\t2\t2\t0\t2", "day\t2026-05-10T00:00:00+05:45\t2\t2\t0\t2"]


@pytest.mark.parametrize(
    ("spelling", "written"),
    [
        ("url", "/api/v1/links/abc/stats?period=7d&filter=country%3DDE\n"),
        ("command", "hopline stats abc --period=7d --filter=country=DE\n"),
        ("sql", "PREWHERE short_code = 'abc' AND (time >= "),
        ("json", '"dimension": "country"'),
    ],
)
def test_a_question_is_written_to_be_used_elsewhere(
    hopline: Callable[..., Any], url: str, spelling: str, written: str
) -> None:
    question = ("abc", "--period", "7d", "--filter", "country=DE", "--as", spelling)
    ended = hopline("stats", *question)
    assert ended.exit_code == 0
    assert written in ended.out


def test_the_top_ranks_links_and_those_that_went_quiet(
    hopline: Callable[..., Any], url: str
) -> None:
    now = datetime.now(UTC)
    old = [click_row(now - timedelta(days=2), short_code="old") for _ in range(3)]
    insert_clicks(url, *old, click_row(now, short_code="new"), click_row(now, short_code="old"))
    insert_clicks(url, click_row(now, short_code="new"))
    # Where it is noon, no midnight comes meanwhile.
    today = ("--period", "today", "--tz", f"Etc/GMT{now.hour - 12:+d}")
    ranked = hopline("top", *today, "--limit", "5").out.splitlines()
    assert ranked == [
        "FIGURE\tNAME\tCLICKS\tHUMANS\tBOTS\tVISITORS",
        "link\tnew\t2\t\t\t2",
        "link\told\t1\t\t\t1",
    ]
    quiet = ("--since", "24h", "--compare", "weekday", "--order", "fall", "--json")
    assert json.loads(hopline("top", *quiet).out)["by"]["link"]["top"][0]["name"] == "old"
    before = ("--since", "36h", "--compare", "previous", "--order", "fall", "--csv")
    assert "link,old,1,,,1,3" in hopline("top", *before).out.splitlines()


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
        timeout=120,
        check=True,
    )
    assert json.loads(ended.stdout)["clicks"] == 1
    assert ended.stderr == b""
